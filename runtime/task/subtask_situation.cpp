// The part of Subtask that says how it stands, what it has done, and what it does with its time.
#include "runtime/task/subtask.hpp"

namespace weir::runtime {

SubtaskCounters Subtask::counters() const {
  return {.records_in = input_->records(),
          .records_out = output_.records_sent(),
          .records_written = chain_->records_written(),
          .transactions_lost = snapshots_->commits().lost_transactions()};
}

SubtaskMetrics Subtask::metrics() const {
  const SubtaskSituation now = situation();
  SubtaskMetrics metrics{.counters = counters(),
                         .batches_out = output_.batches_sent(),
                         .spent = now.spent,
                         .event_time = chain_->time().input(),
                         .operators = chain_->metrics()};
  for (const InputSituation& input : now.inputs) metrics.input_batches += input.batches;
  for (const OutputSituation& output : now.outputs) metrics.output_batches += output.waiting;
  return metrics;
}

SubtaskSituation Subtask::situation() const {
  SubtaskSituation situation{
      .handled = marks_.handled,
      .emits_end = life_ == Life::firing || life_ == Life::finishing || marks_.drain,
      .awaits_answers = awaits_answers(),
      .records_in = input_->records(),
      .outputs = output_.situation(),
      .snapshots = snapshots_->situation(),
      .spent = activity_.spent(port_.now())};
  if (channels_ != nullptr) channels_->show_in(situation);
  return situation;
}

/// It has no room for more requests, or its end waits for the last answers.
bool Subtask::awaits_answers() const {
  if (chain_->requests() == nullptr) return false;
  return !chain_->has_room() || (life_ == Life::firing && !chain_->time().has_ended());
}

Activity::Between Subtask::waits_for(const Next& next) const {
  if (output_.has_backlog()) return Activity::Between::back_pressured;
  return next.when == Next::When::at_once ? Activity::Between::busy : Activity::Between::idle;
}

}  // namespace weir::runtime
