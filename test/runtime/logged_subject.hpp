// A subtask whose state has a log, with the checkpoints that it takes: counts/0 of a job that
// counts numbers.
#pragma once

#include "base/files.hpp"
#include "runtime/task/state_restore.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using Count = std::pair<int, std::int64_t>;

inline const std::string kPlace = "/checkpoints";
inline const std::string kLog = kPlace + "/changelog";

inline JobOptions with_log(ChangelogOptions changelog = {}) {
  changelog.enabled = true;
  return {.checkpoint = {.inline_threshold = 0}, .state = {.changelog = changelog}};
}

/// The number that makes CountOrForget forget `key`.
inline int forgetting(int key) {
  return -key - 1;
}

/// Counts each number, or forgets one.
class CountOrForget final : public KeyedProcess<int, int, Count> {
public:
  static int key_of(int number) { return number < 0 ? forgetting(number) : number; }

  void on_record(const int& number, Ctx& ctx, Emit<Count>& out) override {
    if (number < 0) return count_.clear();
    count_.set(count_.value_or(0) + 1);
    out({ctx.key(), count_.value_or(0)});
  }

private:
  ValueState<std::int64_t> count_{*this, "count"};
};

inline Job counts(const testing::TransactionLog<Count>& log, JobOptions options) {
  Job job{"counts", options};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .key_by(&CountOrForget::key_of)
      .process<CountOrForget>("counts")
      .sink("out", log.sink());
  return job;
}

/// See the file comment. Checkpoints have directories on the disk of the bench.
struct Subject {
  explicit Subject(JobOptions options = with_log()) : job{counts(log, std::move(options))} {
    REQUIRE(bench.env().create_directories(kLog).ok());
    bench.start();
  }
  /// Continues from checkpoint `id` of another one.
  Subject(JobOptions options, Subject& other, std::uint64_t id)
      : job{counts(log, std::move(options))},
        expected{other.at_barrier.at(id)},
        known{other.known} {
    REQUIRE(bench.env().create_directories(kLog).ok());
    other.restore(id, bench);
    bench.start();
  }

  /// Counts each key from `begin` to `end` once more.
  void count(int begin, int end) {
    std::vector<int> keys;
    for (int key = begin; key < end; ++key) {
      keys.push_back(key);
      known.insert(key);
      ++expected[key];
    }
    bench.push(0, std::move(keys));
  }
  /// Nothing is left of the keys from `begin` to `end`.
  void forget(int begin, int end) {
    std::vector<int> keys;
    for (int key = begin; key < end; ++key) {
      keys.push_back(forgetting(key));
      expected.erase(key);
    }
    bench.push(0, std::move(keys));
  }
  void barrier(std::uint64_t id) {
    REQUIRE(bench.env().create_directories(directory(id)).ok());
    bench.push(0, checkpoint::Barrier{.id = CheckpointId{id}});
    at_barrier[id] = expected;
  }
  Trace settle() {
    Trace trace;
    while (bench.waiting_work() != 0) {
      for (std::string& line : bench.do_work()) trace.push_back(std::move(line));
    }
    return trace;
  }
  /// A checkpoint that completes.
  const state::KeyedStateHandle& take(std::uint64_t id) {
    barrier(id);
    settle();
    bench.turn([&](runtime::Subtask& s) { s.on_completed(CheckpointId{id}, false); });
    settle();
    return handle(id);
  }
  const state::KeyedStateHandle& handle(std::uint64_t id) const {
    const auto at = std::find_if(bench.acks().begin(), bench.acks().end(),
                                 [&](const auto& ack) { return ack.id == CheckpointId{id}; });
    REQUIRE(at != bench.acks().end());
    REQUIRE(at->state.keyed.size() == 1);
    return at->state.keyed[0];
  }
  void restore(std::uint64_t id, Bench& into) {
    const runtime::RestoreOrder order{
        .restore = {.keyed = {handle(id)}}, .directory = directory(id), .env = &bench.env()};
    REQUIRE(runtime::read_state(order, into.subtask().states()).ok());
  }
  /// The checkpoint holds what had been counted at its barrier.
  void check(std::uint64_t id) {
    CAPTURE(id);
    testing::TransactionLog<Count> other_log;
    const Job same = counts(other_log, {});  // it does not matter whether that has a log
    Bench other{same, "counts/0"};
    restore(id, other);
    other.start();
    other.push(0, std::vector<int>{known.begin(), known.end()});
    other.push(0, checkpoint::Barrier{.id = CheckpointId{1000}});
    while (other.waiting_work() != 0) other.do_work();
    other.turn([](runtime::Subtask& s) { s.on_completed(CheckpointId{1000}, false); });
    while (other.waiting_work() != 0) other.do_work();
    std::map<int, std::int64_t> restored;
    for (const auto& [key, n] : other_log.committed()) restored[key] = n - 1;
    std::erase_if(restored, [](const auto& entry) { return entry.second == 0; });
    CHECK(restored == at_barrier[id]);
  }
  /// Names of files, without the owner.
  std::set<std::string> files(const std::string& in) {
    const std::string owner = "counts-0-1.state.";
    std::set<std::string> names;
    const auto entries = bench.env().list(in);
    for (const DirectoryEntry& file : entries.value())
      names.insert(file.name.substr(std::min(file.name.size(), owner.size())));
    return names;
  }
  static std::string directory(std::uint64_t id) { return kPlace + "/chk-" + std::to_string(id); }

  testing::TransactionLog<Count> log;
  Job job;
  Bench bench{job, "counts/0"};
  std::map<int, std::int64_t> expected = {};  // what has been counted, and not forgotten
  std::set<int> known = {};                   // all that has ever been counted
  std::map<std::uint64_t, std::map<int, std::int64_t>> at_barrier = {};
};

}  // namespace weir::test
