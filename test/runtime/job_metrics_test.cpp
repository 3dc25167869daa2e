// What there is to measure of a job, and what is written about it.
#include "runtime/job/metric_registry.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using detail::MetricKind;

namespace {

const checkpoint::Speaker kCounts{{VertexId{1}, 0}, AttemptId{1}};

/// Of a subtask that knows everything.
SubtaskMetrics metrics(std::uint64_t records_in) {
  return {.counters = {.records_in = records_in, .records_out = 3},
          .batches_out = 2,
          .input_batches = 1,
          .spent = {.busy = 250ms, .back_pressured = 500ms, .idle = 250ms},
          .event_time = Timestamp{7ms},
          .operators = {{"counts", "numFiredTimers", {.value = 5}}}};
}

/// Of a checkpoint that has completed.
CheckpointEntry completed(std::uint64_t id) {
  return {.id = CheckpointId{id},
          .triggered_at = WallTime{1s},
          .duration = 20ms,
          .answers = {{"counts/0", {.alignment = 4ms, .bytes = 10}, 100}}};
}

const MetricSample* find(const std::vector<MetricFamily>& families, const std::string& name,
                         const MetricLabels& labels = {{"job", "j"}}) {
  for (const MetricFamily& family : families) {
    if (family.name != name) continue;
    for (const MetricSample& sample : family.samples) {
      if (sample.labels == labels) return &sample;
    }
  }
  return nullptr;
}

double value(const JobMetrics& job, const std::string& name,
             const MetricLabels& labels = {{"job", "j"}}) {
  const auto families = MetricRegistry::families_of(job);
  const MetricSample* sample = find(families, name, labels);
  INFO(name);
  REQUIRE(sample != nullptr);
  return sample->value.value;
}

MetricLabels of_task(const std::string& subtask = "0") {
  return {{"job", "j"}, {"task", "counts"}, {"subtask", subtask}};
}

}  // namespace

TEST_CASE("subtasks are told apart, and the time that they spend adds up to a second",
          "[metrics]") {
  MetricRegistry registry;
  const auto job = registry.add("j", "");
  job->on_subtask(kCounts, "counts", metrics(7));
  CHECK(value(*job, "weir_task_numRecordsIn", of_task()) == 7);
  CHECK(value(*job, "weir_task_busyTimeMsPerSecond", of_task()) == 250);
  CHECK(value(*job, "weir_task_backPressuredTimeMsPerSecond", of_task()) == 500);
  CHECK(value(*job, "weir_task_idleTimeMsPerSecond", of_task()) == 250);
  CHECK(value(*job, "weir_task_isBackPressured", of_task()) == 1);
  CHECK(value(*job, "weir_task_currentInputWatermark", of_task()) == 7);
  CHECK(value(*job, "weir_operator_numFiredTimers",
              {{"job", "j"}, {"operator", "counts"}, {"subtask", "0"}}) == 5);
}

TEST_CASE("what an earlier attempt still says counts no more", "[metrics]") {
  MetricRegistry registry;
  const auto job = registry.add("j", "");
  const auto attempt = [](std::uint32_t n) {
    return checkpoint::Speaker{kCounts.subtask, AttemptId{n}};
  };
  job->on_subtask(attempt(2), "counts", metrics(5));
  job->on_subtask(attempt(1), "counts", metrics(9));
  CHECK(value(*job, "weir_task_numRecordsIn", of_task()) == 5);
  job->on_execution(AttemptId{3});
  CHECK(find(MetricRegistry::families_of(*job), "weir_task_numRecordsIn", of_task()) == nullptr);
  job->on_subtask(attempt(2), "counts", metrics(6));
  CHECK(find(MetricRegistry::families_of(*job), "weir_task_numRecordsIn", of_task()) == nullptr);
  job->on_subtask(attempt(3), "counts", metrics(1));
  CHECK(value(*job, "weir_task_numRecordsIn", of_task()) == 1);
}

TEST_CASE("event time is not shown before it is known", "[metrics]") {
  MetricRegistry registry;
  const auto job = registry.add("j", "");
  job->on_subtask(kCounts, "counts", {});
  CHECK(find(MetricRegistry::families_of(*job), "weir_task_currentInputWatermark", of_task()) ==
        nullptr);
}

TEST_CASE("checkpoints are counted, and the last one is shown", "[metrics]") {
  MetricRegistry registry;
  const auto job = registry.add("j", "");
  job->on_subtask(kCounts, "counts", metrics(1));
  CheckpointEntry under_way = completed(3);
  under_way.is_under_way = true;
  job->on_checkpoint(under_way);
  CHECK(value(*job, "weir_job_numberOfInProgressCheckpoints") == 1);
  job->on_checkpoint(completed(3));
  CHECK(value(*job, "weir_job_numberOfInProgressCheckpoints") == 0);
  CHECK(value(*job, "weir_job_lastCheckpointDuration") == 20);
  CHECK(value(*job, "weir_job_lastCheckpointSize") == 10);
  CHECK(value(*job, "weir_job_lastCheckpointFullSize") == 100);
  CHECK(value(*job, "weir_job_lastCheckpointCompletedTimestamp") == 1020);
  CHECK(value(*job, "weir_task_checkpointAlignmentTime", of_task()) == 4e6);
  CheckpointEntry failed = completed(4);
  failed.failure = "it took too long";
  job->on_checkpoint(failed);
  CheckpointEntry savepoint = completed(5);
  savepoint.kind = checkpoint::CheckpointKind::savepoint;
  job->on_checkpoint(savepoint);
  CHECK(value(*job, "weir_job_lastCompletedCheckpointId") == 3);
}

TEST_CASE("jobs of one name are told apart, and go when nobody holds on to them", "[metrics]") {
  MetricRegistry registry;
  const auto one = registry.add("j", "1");
  auto two = registry.add("j", "2");
  const MetricLabels second{{"job", "j"}, {"job_id", "2"}};
  CHECK(find(registry.families(), "weir_job_numRestarts", second) != nullptr);
  two.reset();
  CHECK(find(registry.families(), "weir_job_numRestarts", second) == nullptr);
  CHECK(find(registry.families(), "weir_job_numRestarts", {{"job", "j"}, {"job_id", "1"}}) !=
        nullptr);
}

TEST_CASE("a family has one kind", "[metrics]") {
  MetricFamilies all;
  all.add("m", "", {{"a", "1"}}, {.kind = MetricKind::counter});
  all.add("m", "", {{"a", "2"}}, {.kind = MetricKind::gauge});
  all.add("m", "", {{"a", "3"}}, {.kind = MetricKind::counter});
  const auto families = all.take();
  REQUIRE(families.size() == 2);
  CHECK(families[0].name == "m");
  CHECK(families[0].samples.size() == 2);
  CHECK(families[1].name == "m_gauge");
}

TEST_CASE("the page on metrics names those that there are, and no others", "[metrics][docs]") {
  MetricRegistry registry;
  const auto job = registry.add("j", "");
  job->on_subtask(kCounts, "counts", metrics(1));
  job->on_checkpoint(completed(1));
  std::set<std::string> there;
  for (const MetricFamily& family : registry.families()) there.insert(family.name);
  std::ifstream page{WEIR_SOURCE_DIR "/docs/operating/metrics.md"};
  const std::string text{std::istreambuf_iterator<char>{page}, {}};
  std::set<std::string> named;
  for (std::size_t at = text.find("| `weir_"); at != std::string::npos;
       at = text.find("| `weir_", at + 1)) {
    const std::size_t begin = at + 3;
    named.insert(text.substr(begin, text.find('`', begin) - begin));
  }
  named.erase("weir_operator_numLateRecordsDropped");  // declared by windows and joins
  CHECK(there == named);
}
