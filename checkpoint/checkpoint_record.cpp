#include "checkpoint/checkpoint_record.hpp"

namespace weir::checkpoint {

CheckpointReport report_on(const PendingCheckpoint& pending, Duration now) {
  CheckpointReport report{.id = pending.id(),
                          .kind = pending.barrier().kind,
                          .duration = now - pending.started_at(),
                          .bytes = 0,
                          .subtasks = pending.participants(),
                          .slowest = {},
                          .is_final = pending.left_out().empty(),
                          .left_out = pending.left_out(),
                          .taken_from = pending.taken_from()};
  for (const auto& [subtask, ack] : pending.answers()) {
    report.bytes += ack.state.size_bytes();
    report.is_final = report.is_final && ack.state.is_finished;
    report.slowest.raise_to(ack.timings);
  }
  return report;
}

CheckpointRecord record_of(const PendingCheckpoint& pending, Duration now) {
  CheckpointRecord record{.id = pending.id(),
                          .kind = pending.barrier().kind,
                          .triggered_at = pending.barrier().triggered_at,
                          .duration = now - pending.started_at(),
                          .subtasks = static_cast<std::uint32_t>(pending.participants()),
                          .answers = {},
                          .write_retries = 0,
                          .left_out = {pending.left_out().begin(), pending.left_out().end()},
                          .taken_from = pending.taken_from()};
  for (const auto& [subtask, ack] : pending.answers())
    record.answers.push_back({subtask, ack.timings, ack.state.size_bytes()});
  return record;
}

}  // namespace weir::checkpoint
