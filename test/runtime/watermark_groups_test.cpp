// Who of a group of sources waits for whom, and who is told when.
#include "runtime/job/watermark_groups.hpp"

#include "runtime/graph/validate.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

using Answers = std::vector<WatermarkGroup::Answer>;

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

constexpr SubtaskId kFast{VertexId{0}, 0};
constexpr SubtaskId kSlow{VertexId{1}, 0};
constexpr SubtaskId kOther{VertexId{1}, 1};

SourceTime reads(std::int64_t ms) {
  return {.time = at(ms)};
}
SourceTime waits(std::int64_t ms) {
  return {.time = at(ms), .waits = true};
}
constexpr SourceTime kGone{.counts = false};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("nobody goes ahead of one that has not spoken yet", "[alignment]") {
  WatermarkGroup group{{kFast, kSlow}};
  CHECK(group.least() == Timestamp::min());
  CHECK(group.on_told(kFast, waits(100)) == Answers{{kFast, Timestamp::min()}});
  CHECK(group.on_told(kSlow, reads(20)) == Answers{{kFast, at(20)}, {kSlow, at(20)}});
  CHECK(group.least() == at(20));
}

TEST_CASE("one that has had no record yet is waited for", "[alignment]") {
  WatermarkGroup group{{kFast, kSlow}};
  (void)group.on_told(kFast, waits(100));
  CHECK(group.on_told(kSlow, {}) == Answers{{kSlow, Timestamp::min()}});
  CHECK(group.least() == Timestamp::min());
}

TEST_CASE("who speaks is answered, and who waits is told when the group moves on", "[alignment]") {
  WatermarkGroup group{{kFast, kSlow, kOther}};
  (void)group.on_told(kSlow, reads(20));
  (void)group.on_told(kOther, reads(30));
  CHECK(group.on_told(kFast, waits(100)) == Answers{{kFast, at(20)}});
  CHECK(group.on_told(kSlow, reads(25)) == Answers{{kFast, at(25)}, {kSlow, at(25)}});
  CHECK(group.on_told(kOther, reads(40)) == Answers{{kOther, at(25)}});  // it has not moved
  CHECK(group.on_told(kSlow, reads(35)) == Answers{{kFast, at(35)}, {kSlow, at(35)}});
  CHECK(group.on_told(kFast, reads(120)) == Answers{{kFast, at(35)}});
  CHECK(group.on_told(kSlow, reads(36)) == Answers{{kSlow, at(36)}});  // nobody waits
}

TEST_CASE("T57 who is idle, has no splits or has ended holds nobody up", "[alignment]") {
  WatermarkGroup group{{kFast, kSlow, kOther}};
  (void)group.on_told(kFast, waits(100));
  (void)group.on_told(kOther, kGone);
  CHECK(group.on_told(kSlow, {.time = at(5), .counts = false}) == Answers{{kFast, at(100)}});
  SECTION("until it comes back") {
    CHECK(group.on_told(kSlow, reads(6)) == Answers{{kFast, at(6)}, {kSlow, at(6)}});
  }
  SECTION("and when all have, nobody is told anything") {
    CHECK(group.on_told(kFast, kGone).empty());
    CHECK_FALSE(group.least());
  }
}

TEST_CASE("one that dies holds nobody up until it runs again, and then it has not spoken",
          "[alignment]") {
  WatermarkGroup group{{kFast, kSlow}};
  (void)group.on_told(kSlow, reads(10));
  (void)group.on_told(kFast, waits(100));
  CHECK(group.on_failed({kSlow, SubtaskId{VertexId{7}, 0}}) == Answers{{kFast, at(100)}});
  group.on_restarted(kSlow);
  group.on_restarted(SubtaskId{VertexId{7}, 0});
  CHECK(group.least() == Timestamp::min());
  CHECK(group.on_told(kFast, waits(120)) == Answers{{kFast, Timestamp::min()}});
  CHECK(group.on_told(kSlow, reads(8)) == Answers{{kFast, at(8)}, {kSlow, at(8)}});
}

TEST_CASE("what is told again changes nothing, and is answered again", "[alignment]") {
  WatermarkGroup group{{kFast, kSlow}};
  (void)group.on_told(kSlow, reads(10));
  for (int i = 0; i < 3; ++i) CHECK(group.on_told(kFast, waits(100)) == Answers{{kFast, at(10)}});
}

TEST_CASE("a job's groups are those that its sources name", "[alignment]") {
  Job job{"groups", {.parallelism = 2}};
  const auto source = [&job](const char* name, const Watermarks<BoundedLag>& watermarks) {
    job.source(name, testing::ReplayLog<int>{{}}.source())
        .event_time([](int n) { return at(n); }, watermarks)
        .sink(std::string{name} + "-out", testing::TransactionLog<int>{}.sink());
  };
  source("a", monotonic().aligned("one", 10ms));
  source("b", monotonic());
  source("c", monotonic().aligned("two", 10ms));
  source("d", monotonic().aligned("one", 70ms));
  const Plan plan = Plan::build(job.graph(), 128);
  WatermarkGroups groups{plan};
  const auto subtask = [&](const char* name) { return plan.find(name).value(); };
  for (const char* name : {"a/1", "d/0", "d/1", "c/1"})
    (void)groups.on_told(subtask(name), reads(50));
  CHECK(groups.on_told(subtask("a/0"), waits(60)) == Answers{{subtask("a/0"), at(50)}});
  CHECK(groups.on_told(subtask("c/0"), reads(10)) == Answers{{subtask("c/0"), at(10)}});
  CHECK(groups.on_failed({subtask("b/0"), subtask("a/1"), subtask("d/0"), subtask("d/1")}) ==
        Answers{{subtask("a/0"), at(60)}});
  groups.on_restarted(subtask("d/1"));
  CHECK(groups.on_told(subtask("a/0"), waits(61)) == Answers{{subtask("a/0"), Timestamp::min()}});
}

TEST_CASE("only what comes straight from a source can keep pace with others",
          "[validate][alignment]") {
  const auto time_of = [](int n) { return at(n); };
  const auto aligned = monotonic().aligned("group", 1s);
  const testing::ReplayLog<int> numbers{{}};
  const testing::TransactionLog<int> ints;
  const auto with = [&](const auto& put) {
    Job job{"aligned"};
    put(job.source("numbers", numbers.source()));
    const auto problems = validate(*job.graph());
    return problems.empty() ? std::string{} : format_problems(job.name(), problems);
  };
  CHECK(with([&](const Stream<int>& stream) {
          stream.event_time(time_of, aligned).sink("out", ints.sink());
        }).empty());
  const std::string why =
      "operator \"late\": its watermarks are aligned with the group \"group\", but only where "
      "records come straight from a source can they be held back; put event_time(...) straight "
      "behind the source and leave it the parallelism of that";
  CHECK(mentions(with([&](const Stream<int>& stream) {
                   stream.map("same", [](int n) { return n; })
                       .event_time("late", time_of, aligned)
                       .sink("out", ints.sink());
                 }),
                 why));
  CHECK(mentions(
      with([&](const Stream<int>& stream) {
        stream.event_time("late", time_of, aligned).parallelism(3).sink("out", ints.sink());
      }),
      why));
  CHECK(mentions(with([&](const Stream<int>& stream) {
                   stream.rebalance().event_time("late", time_of, aligned).sink("out", ints.sink());
                 }),
                 why));
  CHECK(mentions(with([&](const Stream<int>& stream) {
                   stream.event_time("one", time_of, aligned).sink("out", ints.sink());
                   stream.event_time("two", time_of, aligned).sink("out-2", ints.sink());
                 }),
                 "operator \"two\": the source \"numbers\" is aligned twice, here and by "
                 "\"one\"; leave aligned(...) out of one of them"));
}
