// The part of Subtask that takes part in checkpoints: barriers, snapshots, and what ends them.
#include "base/assert.hpp"
#include "runtime/task/subtask.hpp"

#include <utility>

namespace weir::runtime {

void Subtask::on_trigger(const checkpoint::Barrier& barrier) {
  guarded([&] {
    WEIR_ASSERT(source_ != nullptr, "a subtask that is no source was to begin a checkpoint");
    if (barrier.id <= marks_.handled || marks_.drain) return;
    if (life_ == Life::created)
      return port_.decline({barrier.id, self_, checkpoint::FailureReason::tasks_not_running, ""});
    port_.reached(Phase::triggered, barrier.id);
    if (barrier.kind == checkpoint::CheckpointKind::drain) drain();
    take_snapshot({barrier, port_.wall() - barrier.triggered_at, Duration{}});
  });
}

void Subtask::on_completed(CheckpointId id, bool is_last) {
  guarded([&] {
    port_.reached(Phase::committing, id);
    snapshots_->on_completed(id);
    if (is_last) life_ = Life::ending;
    end_if_done();
  });
}

void Subtask::on_aborted(CheckpointId id) {
  guarded([&] {
    const bool waits_for_data = marks_.drain && marks_.drain->barrier.id == id;
    if (input_->cancel(id) || waits_for_data) cancel(id);
    snapshots_->on_aborted(id);
    if (marks_.held.is_armed() && marks_.held.id() == id) marks_.held.disarm();
    if (marks_.stopped_by != id) return;
    marks_.stopped_by.reset();
    go_on();
  });
}

/// Lets a barrier that waits in the output overtake what is ahead of it when its time is up, and
/// says of one that has left that it has overtaken nothing.
void Subtask::release_barriers() {
  if (!marks_.held.is_armed()) return;
  const CheckpointId id = marks_.held.id();
  if (!output_.holds_barrier()) {
    marks_.held.disarm();
    snapshots_->add_overtaken(id, {});
  } else if (marks_.held.take_due(port_.now())) {
    snapshots_->add_overtaken(id, output_.overtake(id));
  }
}

/// Does what a step of the input has to say about checkpoints.
void Subtask::apply(InputStep step) {
  give_up(step.cancelled);
  if (step.aligning) port_.reached(Phase::aligning, *step.aligning);
  if (step.snapshot) take_snapshot(*step.snapshot);
  if (step.overtaken)
    snapshots_->add_overtaken(step.overtaken->id, std::move(step.overtaken->batches));
  for (const EndProbe& probe : step.probes) output_.broadcast(probe);
}

/// The one atomic step of a checkpoint: forward the barrier, freeze the state.
void Subtask::take_snapshot(const InputStep::Due& due) {
  const checkpoint::Barrier& barrier = due.barrier;
  if (barrier.id <= marks_.handled) return;
  if (barrier.kind == checkpoint::CheckpointKind::drain && life_ != Life::drained) {
    marks_.drain = due;  // it lies behind all that is emitted, timers at the end included
    return;
  }
  marks_.handled = barrier.id;
  if (source_ != nullptr) source_->flush();
  OvertakenSoFar overtaken = forward(barrier);
  if (due.overtakes) ++overtaken.missing;
  const bool is_finished = life_ == Life::drained;
  snapshots_->take(barrier, {.start_delay = due.start_delay, .alignment = due.alignment},
                   is_finished, std::move(overtaken));
  const bool can_stop = life_ == Life::running || life_ == Life::firing;
  if (barrier.kind == checkpoint::CheckpointKind::stop && can_stop) {
    marks_.stopped_by = barrier.id;
    life_ = Life::stopped;
    if (channels_ != nullptr) channels_->hold_feedback();
  }
}

/// Sends a barrier on its way, and returns what it has overtaken on the output.
OvertakenSoFar Subtask::forward(const checkpoint::Barrier& barrier) {
  marks_.held.disarm();
  if (barrier.mode == checkpoint::BarrierMode::unaligned)
    return {output_.broadcast_ahead(barrier), 0};
  output_.broadcast(barrier);
  if (output_.holds_barrier()) marks_.held.arm(barrier, port_.now(), port_.wall());
  return {{}, marks_.held.is_armed() ? 1 : 0};
}

/// Says of each checkpoint that it is off, to those who do not know.
void Subtask::give_up(const std::vector<InputStep::Cancelled>& cancelled) {
  for (const auto& [id, reason] : cancelled) {
    if (reason && id > marks_.handled) port_.decline({id, self_, *reason, ""});
    cancel(id);
  }
}

/// Tells those downstream that no barrier of this checkpoint will come.
void Subtask::cancel(CheckpointId id) {
  if (marks_.drain && marks_.drain->barrier.id == id) marks_.drain.reset();
  if (id <= marks_.handled) return;
  marks_.handled = id;
  output_.broadcast(CancelBarrier{id});
}

/// Ends the input of a source, as if there were no more.
void Subtask::drain() {
  source_->drain();
  if (life_ == Life::stopped) go_on();  // behind a stop that was given up
}

void Subtask::go_on() {
  if (channels_ != nullptr) channels_->release_feedback();
  life_ = marks_.has_ended ? Life::firing : Life::running;
}

}  // namespace weir::runtime
