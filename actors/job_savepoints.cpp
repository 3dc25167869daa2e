// The part of JobActor that takes savepoints for those who ask, and tells each of them what came of
// it, once. A savepoint belongs to one execution: it comes to nothing when that ends.
#include "actors/job_actor.hpp"
#include "checkpoint/savepoint.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using checkpoint::CheckpointKind;

void JobActorState::on_take_savepoint(const TakeSavepoint& take) {
  if (asked_.savepoints.contains(take.ticket)) return;  // asked twice
  const JobContext& context = *spawn_->job->context;
  const std::string& target =
      take.target.empty() ? context.options().checkpoint.savepoints : take.target;
  if (target.empty())
    return spawn_->on_savepoint({take.ticket, ErrorCode::invalid_argument,
                                 "a savepoint needs a directory to go to: name one, or set "
                                 "execution.checkpointing.savepoint-dir"});
  const bool stops = take.kind != CheckpointKind::savepoint;
  const bool can_begin = stops
                             ? machine_->on_stop_with_savepoint(take.kind == CheckpointKind::drain)
                             : machine_->can_take_savepoint();
  if (!can_begin)
    return spawn_->on_savepoint(
        {take.ticket, ErrorCode::unavailable,
         "the job is " + std::string{to_string(machine_->state())} +
             (machine_->state() == runtime::JobState::running ? " in part, or stopping" : "") +
             ": no savepoint can be taken now; ask again when all of it runs"});
  asked_.savepoints.emplace(take.ticket, take.kind);
  self_->send(
      execution_.coordinator,
      RequestSavepoint{take.ticket,
                       checkpoint::savepoint_place(target, plan().graph().name, context.run()),
                       take.kind, take.format});
}

void JobActorState::on_savepoint_ended(const SavepointEnded& ended) {
  const auto waiting = asked_.savepoints.find(ended.answer.ticket);
  if (ended.attempt != execution_.attempt || waiting == asked_.savepoints.end()) return;
  const bool stops = waiting->second != CheckpointKind::savepoint;
  const bool is_complete = ended.answer.code == ErrorCode::ok;
  answer(ended.answer);
  if (ended.has_drained) return fail({ended.answer.text, runtime::JobFailure::Kind::transient});
  if (!stops) return;
  if (is_complete)
    machine_->on_stop_savepoint_completed();
  else
    perform(machine_->on_stop_savepoint_failed());
}

void JobActorState::answer(const SavepointAnswer& answer) {
  asked_.savepoints.erase(answer.ticket);
  base::Logger& log = spawn_->services.log;
  if (answer.code == ErrorCode::ok)
    log.info("savepoint completed", {{"path", answer.text}});
  else
    log.warn("savepoint failed", {{"reason", answer.text}});
  spawn_->on_savepoint(answer);
}

/// Nobody will ever answer those of an execution that is over.
void JobActorState::give_up_savepoints(const std::string& why) {
  while (!asked_.savepoints.empty())
    answer({asked_.savepoints.begin()->first, ErrorCode::unavailable,
            "the savepoint failed: " + why + " before it was complete"});
}

}  // namespace weir::actors
