#include "actors/subtask_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/control.hpp"
#include "actors/storage_write.hpp"
#include "runtime/job/launch.hpp"
#include "runtime/task/subtask_restore.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

// When a whole process has died its master is about to say so: that is the better reason.
constexpr std::chrono::milliseconds kCutOffGrace{100};

}  // namespace

void SubtaskState::begin(SubtaskSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  const JobContext& context = *spawn_->context;
  display_name_ = context.plan().name_of(spawn_->id);
  try {
    subtask_ = std::make_shared<runtime::Subtask>(
        context.plan(),
        runtime::SubtaskInit{.id = spawn_->id,
                             .attempt = spawn_->attempt,
                             .run = context.run(),
                             .env = &spawn_->services.env,
                             .clock = &spawn_->services.clock,
                             .place = snapshot_place(),
                             .backend = spawn_->backend.get(),
                             .force_bytes = context.force_bytes(),
                             .is_finished = spawn_->restore.is_finished},
        *this);
  } catch (const runtime::UserError& error) {
    return failed({error.operator_name(), error.what()});
  }
  restore();
}

runtime::SnapshotPlace SubtaskState::snapshot_place() const {
  runtime::SnapshotPlace place = spawn_->context->place();
  place.local = spawn_->local;
  place.savepoints = &spawn_->services.env;
  place.pool = &spawn_->services.pool;
  return place;
}

/// For state that was written by RocksDB, wherever it lies now.
std::function<std::shared_ptr<detail::StateBackend>()> SubtaskState::rocksdb_backend() const {
  if (spawn_->backend != nullptr) return [backend = spawn_->backend] { return backend; };
  StateOptions options = spawn_->context->options().state;
  options.backend = StateBackendType::rocksdb;
  return [backends = &spawn_->services.backends, options] { return backends->make(options); };
}

void SubtaskState::restore() {
  ask_blocking(
      self_, spawn_->services.pool,
      [context = spawn_->context, id = spawn_->id, restore = spawn_->restore,
       directory = spawn_->restore_directory, local = spawn_->local, subtask = subtask_,
       backend = rocksdb_backend(), pool = &spawn_->services.pool] {
        const runtime::RestoreOrder order{restore,     directory, context->place().env,
                                          local.get(), backend,   pool};
        return runtime::restore_subtask(order, context->plan(), id, *subtask);
      },
      [this](Result<runtime::Restored> restored) {
        if (!restored.ok()) return cannot_restore(restored.status());
        restored_from_ = restored->from;
        subtask_->recover(spawn_->restore.event_time);
        subtask_->recover(std::move(restored->channels));
        is_restored_ = true;
        report_ready();
      });
}

/// A storage that cannot be reached for a while is no damage: the next attempt may read it.
void SubtaskState::cannot_restore(const Status& why) {
  using Kind = runtime::TaskFailure::Kind;
  failed({"", "its state cannot be restored: " + why.message(),
          runtime::may_pass(why.code()) ? Kind::transient : Kind::not_restorable});
}

void SubtaskState::connect(const Peers& peers) {
  // A peer in this process that has ended already arrives as nothing. The job hears of its end, and
  // begins anew.
  const auto is_gone = [](const TaskHandle& task) { return !task.actor; };
  if (std::any_of(peers.tasks.begin(), peers.tasks.end(), is_gone)) return;
  coordinator_ = peers.coordinator;
  const runtime::Plan& plan = spawn_->context->plan();
  const auto channels_to = [&](const std::vector<runtime::ChannelEnd>& ends) {
    std::vector<Channel> channels;
    for (const runtime::ChannelEnd& end : ends) {
      for (const TaskHandle& task : peers.tasks) {
        if (task.id != end.peer) continue;
        channels.push_back({task.actor, end.at_peer});
        watch(task);
      }
    }
    return channels;
  };
  inputs_ = channels_to(plan.inputs_of(spawn_->id));
  outputs_ = channels_to(plan.outputs_of(spawn_->id));
  for (std::uint32_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].actor.node() != self_->node()) subtask_->set_remote(ChannelIndex{i});
  }
  is_connected_ = true;
  report_ready();
}

void SubtaskState::watch(const TaskHandle& peer) {
  if (peer.actor.node() == self_->node()) return;
  const auto [at, is_new] = remote_peers_.try_emplace(peer.actor.address());
  if (!is_new) return;
  at->second = spawn_->context->plan().name_of(peer.id);
  self_->monitor(peer.actor);
}

/// A connection that broke may have lost frames, barriers or credits. It may stand again before
/// anybody else has noticed, and a loss at the end of a channel leaves no gap: so nothing but a new
/// attempt is safe. Peers that have died otherwise are the job's concern.
void SubtaskState::on_down(const caf::down_msg& down) {
  const auto peer = remote_peers_.find(down.source);
  if (peer == remote_peers_.end() || down.reason != caf::exit_reason::remote_link_unreachable)
    return;
  if (fails_at_) return;
  lost_peer_ = peer->second;
  fails_at_ = now() + kCutOffGrace;
  self_->delayed_send(self_, kCutOffGrace, Wake{*fails_at_});
}

void SubtaskState::report_ready() {
  if (is_restored_ && is_connected_) self_->send(spawn_->job, TaskReady{speaker(), restored_from_});
}

void SubtaskState::on_frame(DataFrame& frame) {
  turn([&](runtime::Subtask& subtask) { subtask.on_frame(frame.channel, std::move(frame.frame)); });
}

void SubtaskState::on_turn() {
  turn_is_queued_ = false;
  turn([](runtime::Subtask&) {});
}

void SubtaskState::on_wake(Duration at) {
  if (fails_at_ == at)
    return failed({"", "the connection to " + lost_peer_ + " broke, and may have lost data"});
  if (wake_at_ == at) wake_at_.reset();
  turn([](runtime::Subtask&) {});
}

void SubtaskState::on_continue(const Continue& message) {
  // Before the subtask has begun there is nothing to drive.
  if (!is_restored_) return message.then();
  turn([&](runtime::Subtask& subtask) { subtask.resume(message.then); });
}

void SubtaskState::drive() {
  if (turn_is_queued_) return;  // so that what is urgent waits for one turn at most
  using When = runtime::Subtask::Next::When;
  const runtime::Subtask::Next next = subtask_->drive();
  if (next.when == When::at_once && !turn_is_queued_) {
    turn_is_queued_ = true;
    self_->send(self_, Turn{});
  } else if (next.when == When::at_time && (!wake_at_ || next.time < *wake_at_)) {
    wake_at_ = next.time;
    self_->delayed_send(self_, std::max(next.time - now(), Duration{}), Wake{next.time});
  }
}

/// Ends the actor as a crash would: nothing is said, nothing is tidied up.
void SubtaskState::die() {
  self_->quit(caf::exit_reason::kill);
}

void SubtaskState::report_counters() {
  self_->send(spawn_->job, TaskCounters{speaker(), subtask_->counters()});
}

void SubtaskState::report_metrics() {
  self_->send(spawn_->job, TaskMetrics{speaker(), subtask_->metrics()});
}

void SubtaskState::report_situation(std::uint64_t round) {
  self_->send(coordinator_, TaskSituation{speaker(), round, subtask_->situation()});
}

void SubtaskState::send(ChannelIndex channel, runtime::Frame frame) {
  const Channel& to = outputs_[channel.value()];
  self_->send(to.actor, DataFrame{to.at_peer, spawn_->attempt, std::move(frame)});
}

void SubtaskState::grant(ChannelIndex input, std::uint32_t credits) {
  const Channel& to = inputs_[input.value()];
  self_->send(to.actor, Credits{to.at_peer, credits});
}

void SubtaskState::request_splits() {
  self_->send(coordinator_, RequestSplits{speaker()});
}

void SubtaskState::reads_backlog(bool is_backlog) {
  self_->send(coordinator_, SourceBacklog{speaker(), is_backlog});
}

void SubtaskState::tell_time(const runtime::SourceTime& time) {
  send_control(self_, spawn_->services, coordinator_, "TellTime", TellTime{speaker(), time});
}

void SubtaskState::acknowledge(checkpoint::Ack ack) {
  report_counters();  // so that what a checkpoint holds has been counted, whoever dies next
  send_control(self_, spawn_->services, coordinator_, "Ack", std::move(ack));
}

void SubtaskState::decline(checkpoint::Decline decline) {
  send_control(self_, spawn_->services, coordinator_, "Decline", std::move(decline));
}

void SubtaskState::drained() {
  self_->send(spawn_->job, TaskDrained{speaker()});
}

void SubtaskState::done() {
  report_counters();
  self_->send(spawn_->job, TaskDone{speaker()});
}

void SubtaskState::lost_transactions(const std::string& operator_name, std::uint64_t count,
                                     const std::string& what) {
  spawn_->services.log.error("records are lost: the store of a sink has lost transactions",
                             {{"operator", operator_name}, {"count", count}, {"first", what}});
}

void SubtaskState::failed(runtime::TaskFailure failure) {
  // Ahead of the down message, which has a high priority as well and says nothing about the cause.
  self_->send<caf::message_priority::high>(spawn_->job, TaskFailed{speaker(), std::move(failure)});
  self_->quit(caf::exit_reason::user_shutdown);
}

void SubtaskState::run_blocking(std::function<void()> work, std::function<void()> then) {
  actors::run_blocking(self_, spawn_->services.pool, std::move(work), std::move(then));
}

std::function<void()> SubtaskState::waker() {
  if (waker_ == nullptr)
    waker_ = std::make_shared<Waker>(caf::actor_cast<caf::weak_actor_ptr>(self_));
  return [waker = waker_] { waker->wake(); };
}

void SubtaskState::retry_write(CheckpointId id, const Status& why, Duration pause,
                               std::function<void()> again) {
  log_retry(spawn_->services.log, {id, display_name_, why, pause});
  self_->delayed_send(self_, pause, Continue{std::move(again)});
}

bool SubtaskState::has_mail() const {
  return !self_->mailbox().empty();
}

void SubtaskState::reached(Phase phase, CheckpointId checkpoint) {
  base::FaultPoints& faults = spawn_->services.faults;
  if (faults.armed() && faults.reached(display_name_, phase, checkpoint.value()))
    throw runtime::Killed{};
}

void SubtaskState::processed(std::uint64_t records) {
  base::FaultPoints& faults = spawn_->services.faults;
  if (faults.armed() && faults.processed(display_name_, records)) throw runtime::Killed{};
}

SubtaskActor::behavior_type subtask_actor(SubtaskState::Self self, SubtaskSpawn spawn) {
  SubtaskState& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& down) { state.on_down(down); });
  state.begin(std::move(spawn));
  return {
      [&state](const Peers& peers) { state.connect(peers); },
      [&state](const StartTask&) { state.turn([](auto& subtask) { subtask.start(); }); },
      [&state](DataFrame& frame) { state.on_frame(frame); },
      [&state](const Credits& credits) {
        state.turn([&](auto& subtask) { subtask.on_credits(credits.channel, credits.count); });
      },
      [&state](const TriggerCheckpoint& trigger) {
        state.turn([&](auto& subtask) { subtask.on_trigger(trigger.barrier); });
      },
      [&state](const CheckpointCompleted& completed) {
        state.turn([&](auto& subtask) { subtask.on_completed(completed.id, completed.is_last); });
      },
      [&state](const CheckpointAborted& aborted) {
        state.turn([&](auto& subtask) { subtask.on_aborted(aborted.id); });
      },
      [&state](AssignSplits& splits) {
        state.turn(
            [&](auto& subtask) { subtask.on_splits(std::move(splits.splits), splits.no_more); });
      },
      [&state](const GroupTime& group) {
        state.turn([&](auto& subtask) { subtask.on_group_time(group.least); });
      },
      [&state](const EndTask&) {
        state.turn([](auto& subtask) { subtask.flush_sinks(); });
        state.done();
      },
      [&state](const AskCounters&) { state.report_metrics(); },
      [&state](const AskSituation& ask) { state.report_situation(ask.round); },
      [&state](const Turn&) { state.on_turn(); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [&state](const Continue& message) { state.on_continue(message); },
  };
}

}  // namespace weir::actors
