// A source that says when it reads what has waited for long.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

using namespace weir;
using test::Bench;
using test::Trace;

namespace {

/// Rows of a split: as many old ones as its name has letters, then two new ones.
class Rows final : public SplitReader<int, int> {
public:
  Rows(std::size_t old, int next) : old_{static_cast<int>(old)}, next_{next} {}

  Poll poll(Emit<int>& out) override {
    if (next_ == old_ + 2) return End{};
    out(next_++);
    return Later{std::chrono::milliseconds{1}};
  }
  int position() const override { return next_; }
  bool is_backlog() const override { return next_ < old_; }

private:
  int old_;
  int next_;
};

Job job() {
  Job job{"rows"};
  job.source("rows", make_source([] { return std::vector<Split>{}; },
                                 [](const Split& split, std::optional<int> next) {
                                   return std::make_unique<Rows>(split.id.size(), next.value_or(0));
                                 },
                                 {.assignment = Assignment::spread}))
      .sink("out", testing::TransactionLog<int>{}.sink());
  return job;
}

Trace said(Trace trace) {
  std::erase_if(trace, [](const std::string& line) { return line.find("backlog") == line.npos; });
  return trace;
}

}  // namespace

TEST_CASE("a source says once that it reads a backlog, and once that it does not any more",
          "[subtask][backlog]") {
  Bench bench{job(), "rows/0"};
  bench.start();
  CHECK(said(bench.turn([](runtime::Subtask& subtask) {
          subtask.on_splits({{{"aaa"}, std::nullopt}, {{"bbbbb"}, std::nullopt}}, true);
        })) == Trace{"reads a backlog"});
  for (int row = 1; row < 4; ++row) {
    bench.now() += std::chrono::milliseconds{1};
    CHECK(said(bench.turn([](runtime::Subtask&) {})).empty());
  }
  bench.now() += std::chrono::milliseconds{1};
  CHECK(said(bench.turn([](runtime::Subtask&) {})) == Trace{"reads no backlog"});
  bench.now() += std::chrono::milliseconds{1};
  CHECK(said(bench.turn([](runtime::Subtask&) {})).empty());
}
