#include "test/interaction/execution.hpp"

#include "base/assert.hpp"
#include "base/paths.hpp"
#include "checkpoint/savepoint.hpp"
#include "runtime/task/subtask_restore.hpp"

#include <utility>

namespace weir::test {

using namespace checkpoint;
using runtime::JobFailure;

namespace {

std::string numbered(const char* what, CheckpointId id) {
  return what + (" " + std::to_string(id.value()));
}

const char* name_of(CheckpointKind kind) {
  if (kind == CheckpointKind::stop) return "stop barrier";
  if (kind == CheckpointKind::drain) return "drain barrier";
  return "barrier";
}

std::string describe(const Barrier& barrier) {
  const bool overtakes = barrier.mode == BarrierMode::unaligned;
  return (overtakes ? "unaligned " : "") + numbered(name_of(barrier.kind), barrier.id);
}

std::string describe(const runtime::Element& element) {
  if (const auto* batch = std::get_if<detail::BatchRef>(&element))
    return std::to_string((*batch)->size()) + ((*batch)->size() == 1 ? " record" : " records");
  if (const auto* barrier = std::get_if<Barrier>(&element)) return describe(*barrier);
  if (const auto* cancel = std::get_if<runtime::CancelBarrier>(&element))
    return numbered("cancel barrier", cancel->id);
  if (const auto* probe = std::get_if<runtime::EndProbe>(&element))
    return (probe->is_busy ? "busy probe " : "quiet probe ") + std::to_string(probe->round);
  return "end of data";
}

}  // namespace

/// A subtask and its port.
class Execution::Task final : public runtime::SubtaskPort {
public:
  Task(Execution& execution, SubtaskId id)
      : execution_{execution},
        id_{id},
        name_{execution.name_of(id)},
        inputs_{execution.around_.plan.inputs_of(id)},
        outputs_{execution.around_.plan.outputs_of(id)},
        subtask_{execution.around_.plan,
                 {.id = id,
                  .attempt = execution.attempt_,
                  .run = execution.around_.run,
                  .env = &execution.around_.env,
                  .clock = &execution.around_.clock,
                  .place = {.env = &execution.around_.env,
                            .directory = execution.around_.storage.place(),
                            .inline_threshold = 0,
                            .savepoints = &execution.around_.env},
                  .is_finished = execution.restore_.subtasks[id].is_finished},
                 *this} {}

  const std::string& name() const { return name_; }
  std::optional<Duration> wake_at() const { return wake_at_; }

  Status restore() {
    const runtime::RestoreOrder order{.restore = execution_.restore_.subtasks[id_],
                                      .directory = execution_.restore_.directory,
                                      .env = &execution_.around_.env};
    auto restored = runtime::restore_subtask(order, execution_.around_.plan, id_, subtask_);
    if (restored.ok()) subtask_.recover(std::move(restored->channels));
    return restored.status();
  }

  /// Calls the subtask and lets it work.
  template <class F>
  void turn(F&& f) {
    using When = runtime::Subtask::Next::When;
    f(subtask_);
    runtime::Subtask::Next next;
    do {
      next = subtask_.drive();
      if (!std::exchange(wants_splits_, false)) continue;
      auto answer = execution_.assigners_.at(id_.vertex).request(id_.index);
      subtask_.on_splits(std::move(answer.splits), answer.no_more);
      next.when = When::at_once;
    } while (next.when == When::at_once);
    wake_at_.reset();
    if (next.when == When::at_time) wake_at_ = next.time;
  }

  void send(ChannelIndex channel, runtime::Frame frame) override {
    const runtime::ChannelEnd to = outputs_[channel.value()];
    std::string what = describe(frame.element);
    execution_.post(name_, execution_.name_of(to.peer), std::move(what), [this, to, frame] {
      execution_.task(to.peer).turn([&](auto& subtask) { subtask.on_frame(to.at_peer, frame); });
    });
  }
  void grant(ChannelIndex input, std::uint32_t credits) override {
    const runtime::ChannelEnd to = inputs_[input.value()];
    execution_.task(to.peer).turn([&](auto& subtask) { subtask.on_credits(to.at_peer, credits); });
  }
  void request_splits() override { wants_splits_ = true; }
  void reads_backlog(bool) override {}
  void tell_time(const runtime::SourceTime&) override {}  // no source of these jobs is aligned
  void acknowledge(Ack ack) override {
    answering_.reset();
    std::string what = numbered("ack", ack.id);
    execution_.post(name_, "coordinator", std::move(what), [this, ack] { execution_.on_ack(ack); });
  }
  void decline(Decline decline) override {
    answering_.reset();
    std::string what = numbered("decline", decline.id);
    execution_.post(name_, "coordinator", std::move(what), [this, decline] {
      execution_.perform(execution_.coordinator_.on_decline(decline, now()));
    });
  }
  void drained() override { execution_.around_.job.on_drained(id_); }
  void done() override { execution_.around_.job.on_done(id_); }
  void lost_transactions(const std::string&, std::uint64_t, const std::string&) override {}
  void failed(runtime::TaskFailure failure) override {
    std::string cause = "subtask " + name_ + ": ";
    if (!failure.operator_name.empty()) cause += "operator \"" + failure.operator_name + "\": ";
    execution_.around_.job.on_failure({cause + failure.message, failure.kind});
  }
  void run_blocking(std::function<void()> work, std::function<void()> then) override {
    const std::string what = storing_     ? numbered("store", *storing_)
                             : answering_ ? numbered("store overtaken", *answering_)
                                          : "commit";
    storing_.reset();
    execution_.post_work(name_, what, std::move(work), [this, then = std::move(then)] {
      turn([&](auto& subtask) { subtask.resume(then); });
    });
  }
  void retry_write(CheckpointId, const Status&, Duration, std::function<void()>) override {
    WEIR_ASSERT(false, "scripts write once");
  }
  std::function<void()> waker() override {
    WEIR_ASSERT(false, "scripts have no async operators");
    return {};
  }
  bool has_mail() const override { return false; }
  void reached(Phase phase, CheckpointId id) override {
    if (phase == Phase::aligning) execution_.note("  " + name_ + ": " + numbered("aligns", id));
    if (phase == Phase::snapshotted) {
      execution_.note("  " + name_ + ": " + numbered("snapshots", id));
      storing_ = answering_ = id;
    }
  }
  void processed(std::uint64_t records) override {
    const std::uint64_t more = records - std::exchange(processed_, records);
    if (!execution_.around_.plan.is_source(id_.vertex))
      execution_.note("  " + name_ + ": handles " + std::to_string(more) +
                      (more == 1 ? " record" : " records"));
  }
  Duration now() const override { return execution_.now(); }
  WallTime wall() const override { return execution_.around_.clock.wall(); }

private:
  Execution& execution_;
  SubtaskId id_;
  std::string name_;
  std::vector<runtime::ChannelEnd> inputs_;
  std::vector<runtime::ChannelEnd> outputs_;
  bool wants_splits_ = false;
  std::uint64_t processed_ = 0;            // records so far
  std::optional<CheckpointId> storing_;    // the next blocking work stores this snapshot
  std::optional<CheckpointId> answering_;  // until this is acknowledged
  std::optional<Duration> wake_at_;
  runtime::Subtask subtask_;
};

/// Performs the coordinator's actions.
struct Execution::Perform {
  Execution& execution;

  void operator()(const ReserveId& action) const {
    auto status = std::make_shared<Status>();
    execution.post_work(
        "coordinator", numbered("reserve", action.id),
        [&storage = storage(), epoch = execution.epoch_, action, status] {
          if (action.directory.empty()) {
            *status = storage.reserve(epoch, action.id);
          } else {
            *status = storage.reserve_for_savepoint(epoch, action.id);
            if (status->ok()) *status = create_savepoint(storage.env(), action.directory);
          }
        },
        [&e = execution, id = action.id, status] {
          e.perform(e.coordinator_.on_reserved(id, *status, e.now(), e.around_.clock.wall()));
        });
  }
  void operator()(const TriggerSources& action) const {
    for (const auto& [vertex, assigner] : execution.assigners_)
      execution.remaining_[action.barrier.id].push_back(assigner.remaining());
    for (const auto& [id, task] : execution.tasks_) {
      if (!execution.around_.plan.is_source(id.vertex)) continue;
      execution.post("coordinator", task->name(), numbered("trigger", action.barrier.id),
                     [&e = execution, id = id, barrier = action.barrier] {
                       e.task(id).turn([&](auto& subtask) { subtask.on_trigger(barrier); });
                     });
    }
  }
  void operator()(const Publish& action) const {
    const CheckpointId id = action.barrier.id;
    auto metadata = runtime::make_metadata(execution.around_.plan, execution.around_.run,
                                           execution.epoch_, action, execution.remaining_[id]);
    auto status = std::make_shared<Status>();
    execution.post_work(
        "coordinator", numbered("publish", id),
        [&storage = storage(), epoch = execution.epoch_, metadata = std::move(metadata), status,
         directory = action.barrier.directory, &trace = execution.around_.trace] {
          if (directory.empty()) {
            *status = storage.publish(epoch, metadata);
          } else {
            *status = publish_savepoint(storage.env(), directory, metadata);
            if (status->ok() && metadata.kind != CheckpointKind::savepoint)
              *status = storage.note_savepoint(epoch, metadata.id, directory);
          }
          if (!status->ok()) trace.push_back("  storage: " + status->message());
        },
        [&e = execution, id, status] {
          e.perform(e.coordinator_.on_published(id, *status, e.now()));
        });
  }
  void operator()(const NotifyLeftOut&) const { WEIR_ASSERT(false, "scripts have one region"); }
  void operator()(const NotifyCompleted& action) const {
    const CheckpointReport& report = action.report;
    const CheckpointId id = report.id;
    const bool is_last = report.is_final || report.kind == CheckpointKind::stop;
    execution.note("  coordinator: " + numbered("checkpoint", id) + " has completed" +
                   (is_last ? ", the last one" : ""));
    execution.tell_all(numbered("completed", id), [id, is_last](Task& task) {
      task.turn([&](auto& subtask) { subtask.on_completed(id, is_last); });
    });
  }
  void operator()(const NotifyAborted& action) const {
    const CheckpointId id = action.id;
    std::string line = "  coordinator: " + numbered("checkpoint", id) +
                       " has failed: " + std::string{checkpoint::describe(action.reason)};
    if (!action.detail.empty()) line += ": " + action.detail;
    for (std::size_t i = 0; i < action.missing.size(); ++i)
      line += (i == 0 ? "; no answer from " : ", ") + execution.name_of(action.missing[i]);
    execution.note(line);
    if (action.was_triggered) {
      execution.tell_all(numbered("aborted", id), [id](Task& task) {
        task.turn([&](auto& subtask) { subtask.on_aborted(id); });
      });
    }
    if (action.kind == CheckpointKind::stop && !action.is_savepoint)
      execution.around_.job.on_stop_checkpoint_failed(
          std::string{checkpoint::describe(action.reason)});
  }
  void operator()(const DropFiles& action) const {
    execution.post_work("coordinator", numbered("delete", action.id),
                        [&storage = storage(), epoch = execution.epoch_, id = action.id] {
                          (void)storage.drop(epoch, id);
                        },
                        {});
  }
  void operator()(const DropState& action) const {
    execution.post_work("coordinator", numbered("delete files of", action.id), [] {}, {});
  }
  void operator()(const SavepointCompleted& action) const {
    execution.around_.job.on_savepoint_completed(action.ticket);
  }
  void operator()(const SavepointFailed& action) const {
    execution.around_.job.on_savepoint_failed(action);
  }
  void operator()(const DropSavepoint& action) const {
    execution.post_work("coordinator", "delete " + base::name_of(action.directory),
                        [&env = execution.around_.env, directory = action.directory] {
                          (void)delete_savepoint(env, directory);
                        },
                        {});
  }
  void operator()(const FailJob& action) const {
    execution.around_.job.on_failure({action.reason, JobFailure::Kind::transient});
  }

private:
  CheckpointStorage& storage() const { return execution.around_.storage; }
};

Execution::Execution(const Surroundings& around, AttemptId attempt, runtime::Execution begun)
    : around_{around},
      attempt_{attempt},
      epoch_{begun.record.epoch},
      restore_{std::move(begun.restore)},
      coordinator_{around.plan.graph().options.checkpoint, begun.record.last_id, begun.retained},
      assigners_{runtime::make_assigners(around.plan, restore_)} {}

Execution::~Execution() = default;

void Execution::deploy() {
  for (const SubtaskId id : around_.plan.subtasks())
    tasks_.emplace(id, std::make_unique<Task>(*this, id));
  for (const auto& [id, task] : tasks_) {
    if (const Status status = task->restore(); !status.ok())
      return around_.job.on_failure({status.message(), JobFailure::Kind::not_restorable});
  }
  for (const auto& [id, task] : tasks_) around_.job.on_ready(id);
}

void Execution::start() {
  std::vector<Speaker> participants;
  for (const auto& [id, task] : tasks_) participants.push_back({id, attempt_});
  coordinator_.on_running(std::move(participants), now(),
                          around_.plan.graph().options.checkpoint.every);
  const auto self = shared_from_this();  // a subtask may fail the job at once
  for (const auto& [id, task] : tasks_) task->turn([](auto& subtask) { subtask.start(); });
}

void Execution::request_checkpoint(CheckpointKind kind) {
  perform(coordinator_.on_request(kind, now()));
}

void Execution::request_savepoint(SavepointRequest request) {
  perform(coordinator_.on_savepoint_request(std::move(request), now()));
}

void Execution::wake() {
  const auto self = shared_from_this();
  for (const auto& [id, task] : tasks_) {
    if (task->wake_at() && *task->wake_at() <= now()) task->turn([](auto&) {});
  }
  if (const auto at = coordinator_.next_wake(); at && *at <= now())
    perform(coordinator_.on_tick(now()));
}

std::optional<Duration> Execution::next_wake() const {
  std::optional<Duration> next = coordinator_.next_wake();
  for (const auto& [id, task] : tasks_) {
    const auto at = task->wake_at();
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

void Execution::drive(std::uint32_t source_subtask) {
  task({VertexId{0}, source_subtask}).turn([](auto&) {});
}

void Execution::post(std::string from, std::string to, std::string what,
                     std::function<void()> arrive) {
  around_.table.post(
      {std::move(from), std::move(to), std::move(what),
       [execution = weak_from_this(), &trace = around_.trace, arrive = std::move(arrive)] {
         const auto alive = execution.lock();
         if (alive == nullptr) return trace.push_back("  nobody is there any more");
         arrive();
       }});
}

void Execution::post_work(std::string from, std::string what, std::function<void()> work,
                          std::function<void()> then) {
  around_.table.post(
      {std::move(from), "storage", std::move(what),
       [execution = weak_from_this(), work = std::move(work), then = std::move(then)] {
         work();
         const auto alive = execution.lock();
         if (alive != nullptr && then) then();
       }});
}

void Execution::tell_all(const std::string& what, const std::function<void(Task&)>& f) {
  for (const auto& [id, task] : tasks_)
    post("coordinator", task->name(), what, [this, id = id, f] { f(*tasks_.at(id)); });
}

void Execution::perform(Actions actions) {
  const auto self = shared_from_this();
  for (const Action& action : actions) std::visit(Perform{*this}, action);
}

void Execution::on_ack(const Ack& ack) {
  Actions actions = coordinator_.on_ack(ack);
  switch (coordinator_.last_ack_result()) {
    case AckResult::success: break;
    case AckResult::duplicate: note("  coordinator: a duplicate"); break;
    case AckResult::unknown: note("  coordinator: unknown"); break;
    case AckResult::discarded: note("  coordinator: discarded"); break;
  }
  perform(std::move(actions));
}

}  // namespace weir::test
