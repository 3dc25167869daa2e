#include "runtime/job/job_metrics.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace weir::runtime {
namespace {

using detail::MetricKind;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

template <class Number>
double as_double(Number number) {
  return static_cast<double>(number);
}

double in_ms(Duration duration) {
  return as_double(duration.count()) / 1e6;
}

/// Adds metrics of one owner.
class Adder {
public:
  Adder(MetricFamilies& families, std::string prefix, const MetricLabels& labels)
      : families_{families}, prefix_{std::move(prefix)}, labels_{labels} {}

  template <class Number>
  void counter(const char* name, const char* help, Number value) {
    add(name, help, {.kind = MetricKind::counter, .value = as_double(value)});
  }
  template <class Number>
  void gauge(const char* name, const char* help, Number value) {
    add(name, help, {.kind = MetricKind::gauge, .value = as_double(value)});
  }
  void add(const std::string& name, const std::string& help, detail::MetricValue value) {
    families_.add(prefix_ + name, help, labels_, std::move(value));
  }

private:
  MetricFamilies& families_;
  std::string prefix_;
  MetricLabels labels_;
};

MetricLabels with(MetricLabels labels, const MetricLabels& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

void add_time(const TimeSpent& spent, Adder& to) {
  const double total = as_double(spent.total().count());
  if (total <= 0) return;
  const auto per_second = [&](Duration part) { return 1000 * as_double(part.count()) / total; };
  to.gauge("busyTimeMsPerSecond", "Time spent working, lately", per_second(spent.busy));
  to.gauge("backPressuredTimeMsPerSecond", "Time spent waiting for those behind it, lately",
           per_second(spent.back_pressured));
  to.gauge("idleTimeMsPerSecond", "Time spent waiting for input, lately", per_second(spent.idle));
  to.gauge("isBackPressured", "1 if that is more than a tenth of its time",
           per_second(spent.back_pressured) > 100 ? 1 : 0);
}

}  // namespace

void JobMetrics::on_execution(AttemptId attempt) {
  const std::lock_guard lock{mutex_};
  execution_ = attempt;
  subtasks_.clear();
  under_way_.clear();
}

void JobMetrics::on_subtask(const checkpoint::Speaker& from, const std::string& name,
                            SubtaskMetrics metrics) {
  const std::lock_guard lock{mutex_};
  if (from.attempt < execution_) return;
  Subtask& known = subtasks_[from.subtask];
  if (!(from.attempt < known.attempt)) known = {from.attempt, name, std::move(metrics)};
}

void JobMetrics::on_checkpoint(const CheckpointEntry& entry) {
  const std::lock_guard lock{mutex_};
  if (entry.is_under_way) {
    under_way_.insert(entry.id);
    return;
  }
  under_way_.erase(entry.id);
  if (!entry.has_completed() || entry.kind != checkpoint::CheckpointKind::periodic) return;
  LastCheckpoint last{entry, {}};
  for (const SubtaskSnapshot& answer : entry.answers)
    last.snapshots.emplace(answer.subtask, answer);
  last_ = std::move(last);
}

void JobMetrics::on_view(const JobView& view) {
  const std::lock_guard lock{mutex_};
  view_ = view;
}

void JobMetrics::add_to(MetricFamilies& families) const {
  const std::lock_guard lock{mutex_};
  add_job(families);
  add_checkpoints(families);
  for (const auto& [id, subtask] : subtasks_) add_subtask(id, subtask, families);
}

void JobMetrics::add_job(MetricFamilies& families) const {
  Adder job{families, "weir_job_", labels_};
  const auto state = with(labels_, {{"state", std::string{to_string(view_.state)}}});
  Adder{families, "weir_job_", state}.gauge("state", "1; which one it is in, its label says", 1);
  job.counter("numRestarts", "Restarts, of the job or of a part of it", view_.restarts);
  job.counter("fullRestarts", "The same, by its former name", view_.restarts);
  job.gauge("parallelism", "Subtasks of an operator that has no number of its own",
            view_.scale.parallelism);
  job.counter("transactionsLost", "Transactions that the stores of sinks have lost",
              view_.transactions_lost_before + view_.transactions_lost);
  job.counter("numberOfCompletedCheckpoints", "Checkpoints that have completed",
              view_.checkpoints_completed);
  job.counter("numberOfFailedCheckpoints", "Checkpoints that have failed",
              view_.checkpoints_failed);
  job.gauge("numberOfInProgressCheckpoints", "Checkpoints under way", under_way_.size());
  job.counter("totalNumberOfCheckpoints", "Checkpoints that were begun",
              view_.checkpoints_completed + view_.checkpoints_failed + under_way_.size());
}

void JobMetrics::add_checkpoints(MetricFamilies& families) const {
  if (!last_) return;
  Adder job{families, "weir_job_", labels_};
  const CheckpointEntry& last = last_->entry;
  const auto completed = last.triggered_at + duration_cast<WallTime::duration>(last.duration);
  job.gauge("lastCompletedCheckpointId", "Its number", last.id.value());
  job.gauge("lastCheckpointCompletedTimestamp", "When it completed, in ms since 1970",
            duration_cast<milliseconds>(completed.time_since_epoch()).count());
  for (const char* name : {"lastCheckpointDuration", "checkpointDuration"})
    job.gauge(name, "What the last checkpoint took, in ms", in_ms(last.duration));
  for (const char* name : {"lastCheckpointSize", "checkpointSize"})
    job.gauge(name, "Bytes that the last checkpoint has written", last.written_bytes());
  for (const char* name : {"lastCheckpointFullSize", "stateSize"})
    job.gauge(name, "Bytes of all that the last checkpoint holds", last.state_bytes());
  job.gauge("lastCheckpointOvertakenSize", "Bytes of records that its barriers have overtaken",
            last.overtaken_bytes());
  job.gauge("checkpointNumRetries", "Writes of the last checkpoint that were tried again",
            last.write_retries);
}

void JobMetrics::add_subtask(const SubtaskId& id, const Subtask& subtask,
                             MetricFamilies& families) const {
  const MetricLabels own{{"subtask", std::to_string(id.index)}};
  const MetricLabels labels = with(with(labels_, {{"task", subtask.name}}), own);
  const SubtaskMetrics& metrics = subtask.metrics;
  Adder task{families, "weir_task_", labels};
  task.counter("numRecordsIn", "Records read, or taken from channels", metrics.counters.records_in);
  task.counter("numRecordsOut", "Records sent over channels", metrics.counters.records_out);
  task.counter("numRecordsWritten", "Records handed to sinks", metrics.counters.records_written);
  task.counter("numBuffersOut", "Batches sent over channels", metrics.batches_out);
  task.gauge("inputQueueLength", "Batches that wait on its input", metrics.input_batches);
  task.gauge("outputQueueLength", "Batches that wait for room behind it", metrics.output_batches);
  if (metrics.event_time != Timestamp::min())
    task.gauge("currentInputWatermark", "How far event time has come, in ms since 1970",
               metrics.event_time.time_since_epoch().count());
  add_time(metrics.spent, task);
  add_snapshot(subtask.name + "/" + std::to_string(id.index), labels, families);
  for (const OperatorMetric& metric : metrics.operators) {
    const MetricLabels of_operator = with(labels_, {{"operator", metric.operator_name}});
    Adder{families, "weir_operator_", with(of_operator, own)}.add(
        metric.name, "Declared by an operator", metric.value);
  }
}

void JobMetrics::add_snapshot(const std::string& subtask, const MetricLabels& labels,
                              MetricFamilies& families) const {
  if (!last_) return;
  const auto at = last_->snapshots.find(subtask);
  if (at == last_->snapshots.end()) return;
  const checkpoint::SnapshotTimings& timings = at->second.timings;
  Adder task{families, "weir_task_", labels};
  task.gauge("checkpointStartDelayNanos", "From the trigger of the last checkpoint to its barrier",
             timings.start_delay.count());
  task.gauge("checkpointAlignmentTime", "From its first barrier to the last one, in ns",
             timings.alignment.count());
  task.gauge("checkpointSyncTime", "How long it stood still for it, in ns", timings.sync.count());
  task.gauge("checkpointAsyncTime", "From then until its state was safe, in ns",
             timings.async.count());
  task.gauge("stateSize", "Bytes of state that the last checkpoint holds of it",
             at->second.state_bytes);
}

}  // namespace weir::runtime
