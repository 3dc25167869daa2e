// How jobs come to a master from clients, are spawned, and end.
#include "actors/blocking.hpp"
#include "actors/cluster/job_opening.hpp"
#include "actors/cluster/library_fetch.hpp"
#include "actors/job_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

std::set<std::string> MasterState::places_in_use() const {
  std::set<std::string> places = cleaning_;
  for (const auto& [id, job] : jobs_) {
    if (job.hosted != nullptr || !job.has_ended()) places.insert(job.directory);
  }
  return places;
}

void MasterState::on_submit(SubmitJob& submit) {
  self_->monitor(submit.client);
  if (ClusterJob* job = jobs_.find_submission(submit.ticket)) {
    // The client has not heard that it was accepted.
    if (!job->has_ended()) job->watchers.push_back(submit.client);
    self_->send(submit.client,
                JobAccepted{job->id, job->name, {}, false, job->checkpoint_options()});
    return self_->send(submit.client, JobChanged{job->id, job->view});
  }
  if (opening_.contains(submit.ticket)) return;  // the answer is under way
  if (Status room = check_room(); !room.ok())
    return self_->send(submit.client, RequestRejected{room.code(), room.message()});
  opening_.insert(submit.ticket);
  bring_library(self_, spawn_->services, submit.spec.library, submit.library,
                [this, submit](const Status& brought) {
                  return brought.ok() ? open(submit) : reject(submit, brought);
                });
}

void MasterState::reject(const SubmitJob& submit, const Status& why) {
  opening_.erase(submit.ticket);
  self_->send(submit.client, RequestRejected{why.code(), why.message()});
}

void MasterState::open(const SubmitJob& submit) {
  JobOpening open = submission_of(*spawn_, submit);
  open.in_use = places_in_use();
  ask_blocking(
      self_, spawn_->services.common.pool,
      [open = std::move(open), keeper = spawn_->keeper] {
        return open_as_leader(open, keeper.get());
      },
      [this, submit](Opened opened) {
        if (!opened) return;
        if (opened->ok()) return keep(submit, std::move(*opened).value());
        reject(submit, opened->status());
      });
}

/// Makes the job durable, if it is to outlive this master.
void MasterState::keep(const SubmitJob& submit, HostedJobPtr hosted) {
  const JobId id = jobs_.next_id();
  if (spawn_->keeper == nullptr || hosted->launch.has_finished_before)
    return accept(submit, std::move(hosted), id);
  JobRecord record{.id = id,
                   .name = hosted->context->plan().graph().name,
                   .ticket = submit.ticket,
                   .directory = hosted->storage->place(),
                   .spec = submit.spec,
                   .restore = submit.restore,
                   .origin = hosted->launch.origin};
  ask_blocking(
      self_, spawn_->services.common.pool,
      [keeper = spawn_->keeper, record = std::move(record)] { return keeper->keep(record); },
      [this, submit, hosted, id](const Status& kept) {
        if (kept.ok()) return accept(submit, hosted, id);
        if (kept.code() != ErrorCode::invalid_argument) return;  // the next leader answers
        reject(submit, kept);
      });
}

void MasterState::accept(const SubmitJob& submit, HostedJobPtr hosted, JobId id) {
  opening_.erase(submit.ticket);
  const runtime::JobLaunch& launch = hosted->launch;
  const JobContext& context = *hosted->context;
  self_->send(submit.client, JobAccepted{id, context.plan().graph().name, launch.initial_path,
                                         launch.has_finished_before, context.options().checkpoint});
  ClusterJob& job = jobs_.add(id);
  job.name = context.plan().graph().name;
  job.ticket = submit.ticket;
  job.directory = hosted->storage->place();
  job.spec = submit.spec;
  job.watchers.push_back(submit.client);
  start(job, std::move(hosted));
}

void MasterState::start(ClusterJob& job, HostedJobPtr hosted) {
  job.hosted = std::move(hosted);
  const auto on_view = [to = MasterActor{self_}, id = job.id](const runtime::JobView& view) {
    caf::anon_send(to, JobViewed{id, view});
  };
  JobSpawn spawn{job.hosted, spawn_->services.common, on_view, spawn_->report_every,
                 caf::actor_cast<SlotActor>(MasterActor{self_})};
  spawn.on_savepoint = [to = MasterActor{self_}](const SavepointAnswer& answer) {
    caf::anon_send(to, answer);
  };
  spawn.on_checkpoint = [to = MasterActor{self_},
                         id = job.id](const runtime::CheckpointEntry& entry) {
    caf::anon_send(to, CheckpointNoted{id, entry});
  };
  if (spawn_->services.metrics != nullptr)
    job.metrics = spawn_->services.metrics->add(job.name, std::to_string(job.id.value()));
  spawn.metrics = job.metrics;
  if (spawn_->keeper != nullptr) {
    ResultRecord result{job.id, job.name, job.ticket, {}};
    spawn.ending.before = [keeper = spawn_->keeper, result](const runtime::JobOutcome& outcome) {
      ResultRecord ended = result;
      ended.outcome = outcome;
      return keeper->end(ended);
    };
    spawn.ending.after = [keeper = spawn_->keeper, id = job.id] { return keeper->forget(id); };
  }
  job.actor = self_->spawn(job_actor, std::move(spawn));
  self_->monitor(job.actor);
  begin_scaling(job);
  self_->send(job.actor, LaunchJob{});
}

/// The job has ended; others hear of it once every later leader will know.
void MasterState::conclude(ClusterJob& job) {
  if (spawn_->keeper == nullptr) {
    tell_watchers(job);
    return end_job(job);
  }
  ask_blocking(
      self_, spawn_->services.common.pool,
      [keeper = spawn_->keeper,
       result = ResultRecord{job.id, job.name, job.ticket, *job.view.outcome}] {
        const Status status = keeper->end(result);
        return status.ok() ? keeper->forget(result.id) : status;
      },
      [this, id = job.id](const Status& status) {
        if (!status.ok()) return;  // the leadership is over
        ClusterJob& ended = *jobs_.find(id);
        tell_watchers(ended);
        end_job(ended);
      });
}

void MasterState::end_job(ClusterJob& job) {
  spawn_->services.common.log.info(
      "job ended", {{"job", job.id.value()}, {"outcome", to_string(job.view.outcome->kind)}});
  refuse_savepoints(job.id);
  release_nodes(job);
  job.release();
  perform(slots_->on_release(job.id));
  let_leave();
  jobs_.on_ended(job.id);
  forget_ended_jobs();
}

/// The leader store forgets them as well.
void MasterState::forget_ended_jobs() {
  const std::vector<JobId> forgotten = jobs_.forget_ended(spawn_->history);
  if (forgotten.empty() || spawn_->keeper == nullptr) return;
  spawn_->services.common.pool.submit([keeper = spawn_->keeper, forgotten] {
    for (const JobId id : forgotten) keeper->drop_result(id);
  });
}

}  // namespace weir::actors
