// Operators with state without keys, one for each kind, and what they must have said when all
// numbers have come exactly once.
#pragma once

#include <weir/process.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace weir::test {

/// Holds numbers back until it has seven, and passes them on together.
class Batches final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override {
    waiting_.add(n);
    if (waiting_.size() == 7) on_end(out);
  }
  void on_end(Emit<int>& out) override {
    for (const int n : waiting_) out(n);
    waiting_.clear();
  }

  /// `said` by all subtasks about the numbers from 0 to `numbers - 1`.
  static void check(std::vector<int> said, int numbers) {
    std::vector<int> all(static_cast<std::size_t>(numbers));
    std::iota(all.begin(), all.end(), 0);
    std::sort(said.begin(), said.end());
    REQUIRE(said == all);
  }

private:
  OperatorListState<int> waiting_{*this, "waiting"};
};

/// Says at the end how many numbers came. The list has how many came to each subtask; one that is
/// restored goes on for those of which it is the successor.
class Tally final : public Process<int, int> {
public:
  void on_record(const int&, const OperatorInfo& info, Emit<int>&) override {
    ++count_;
    counts_.set({{info.subtask, count_}});
  }
  void on_restore(const OperatorInfo& info) override {
    for (const auto& [subtask, count] : counts_) {
      if (subtask % info.parallelism == info.subtask) count_ += count;
    }
    counts_.set({{info.subtask, count_}});
  }
  void on_end(Emit<int>& out) override { out(count_); }

  static void check(const std::vector<int>& said, int numbers) {
    REQUIRE(std::accumulate(said.begin(), said.end(), 0) == numbers);
  }

private:
  UnionListState<std::pair<std::uint32_t, int>> counts_{*this, "counts"};
  int count_ = 0;
};

/// Gets all numbers on every subtask, counts them by their rest modulo 7, and says each count at
/// the end as (rest, count).
class Census final : public Process<int, std::pair<int, int>> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<std::pair<int, int>>&) override {
    counts_.put(n % 7, counts_.get(n % 7).value_or(0) + 1);
  }
  void on_end(Emit<std::pair<int, int>>& out) override {
    for (const auto& entry : counts_) out(entry);
  }

  static void check(std::vector<std::pair<int, int>> said, int numbers, int parallelism) {
    std::vector<std::pair<int, int>> expected;
    for (int rest = 0; rest < 7; ++rest)
      expected.insert(expected.end(), static_cast<std::size_t>(parallelism),
                      {rest, (numbers - rest + 6) / 7});
    std::sort(said.begin(), said.end());
    REQUIRE(said == expected);
  }

private:
  BroadcastState<int, int> counts_{*this, "counts"};
};

}  // namespace weir::test
