#include "runtime/job/job_counters.hpp"

namespace weir::runtime {

void JobCounters::on_execution(AttemptId attempt) {
  for (const auto& [subtask, known] : subtasks_) move_to_before(known);
  subtasks_.clear();
  execution_ = attempt;
}

void JobCounters::on_counters(const checkpoint::Speaker& from, const SubtaskCounters& counters,
                              bool is_source) {
  if (from.attempt < execution_) return;
  const Known said{from.attempt, is_source, counters};
  Known& known = subtasks_.try_emplace(from.subtask, said).first->second;
  if (from.attempt < known.attempt) return;
  if (known.attempt < from.attempt) move_to_before(known);
  known = said;
}

void JobCounters::move_to_before(const Known& known) {
  if (known.is_source) read_before_ += known.counters.records_in;
  transactions_lost_before_ += known.counters.transactions_lost;
}

void JobCounters::show_in(JobView& view) const {
  view.records_in = 0;
  view.records_out = 0;
  view.transactions_lost = 0;
  for (const auto& [subtask, known] : subtasks_) {
    if (known.is_source) view.records_in += known.counters.records_in;
    view.records_out += known.counters.records_written;
    view.transactions_lost += known.counters.transactions_lost;
  }
  view.records_in_before = read_before_;
  view.transactions_lost_before = transactions_lost_before_;
}

}  // namespace weir::runtime
