#include "actors/cluster/master_actor.hpp"

#include "runtime/job/measured_checkpoints.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

MasterState::~MasterState() {
  for (const auto& [id, job] : jobs_) kill_actor(caf::actor_cast<caf::strong_actor_ptr>(job.actor));
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(libraries_));
}

void MasterState::begin(MasterSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  members_.emplace(spawn_->members);
  slots_.emplace(spawn_->slots);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  serve_libraries();
  inherit(spawn_->inheritance);
}

void MasterState::serve_libraries() {
  runtime::LibraryShelf* shelf = spawn_->services.jobs.libraries();
  if (shelf == nullptr) return;
  libraries_ = self_->spawn(library_source, &spawn_->services.common.pool,
                            ReadLibrary{[shelf](const std::string& hash, std::uint64_t offset) {
                              return shelf->part(hash, offset);
                            }});
}

void MasterState::on_viewed(JobViewed& viewed) {
  ClusterJob* job = jobs_.find(viewed.job);
  if (job == nullptr || job->has_ended()) return;
  job->view = std::move(viewed.view);
  if (job->view.state != runtime::JobState::running) job->checkpoints.forget_under_way();
  if (job->has_ended()) return conclude(*job);
  tell_watchers(*job);
}

void MasterState::on_checkpoint(CheckpointNoted& noted) {
  if (ClusterJob* job = jobs_.find(noted.job)) job->checkpoints.add(std::move(noted.entry));
}

void MasterState::on_show_checkpoints(const ShowCheckpoints& show) {
  const ClusterJob* job = find_job(show.job, show.client);
  if (job == nullptr) return;
  const CheckpointOptions options = job->checkpoint_options();
  runtime::CheckpointStatistics statistics =
      job->checkpoints.statistics(spawn_->services.common.clock.wall());
  const advisor::Measured measured = runtime::measured_of(statistics, options);
  self_->send(show.client,
              JobCheckpoints{job->name, std::move(statistics), measured, options.min_pause});
}

void MasterState::on_show_metrics(const ShowMetrics& show) {
  const ClusterJob* job = find_job(show.job, show.client);
  if (job == nullptr) return;
  if (job->metrics == nullptr)
    return self_->send(
        show.client,
        RequestRejected{ErrorCode::not_found, "job " + job->name +
                                                  " has ended, and has no metrics any "
                                                  "more; `weir info` says what became of it"});
  self_->send(show.client, JobMetricsShown{runtime::MetricRegistry::families_of(*job->metrics)});
}

void MasterState::tell_watchers(const ClusterJob& job) {
  for (const ClientActor& client : job.watchers) self_->send(client, JobChanged{job.id, job.view});
}

void MasterState::on_watch(const WatchJob& watch) {
  ClusterJob* job = jobs_.find(watch.job);
  if (job == nullptr)
    return self_->send(watch.client,
                       RequestRejected{ErrorCode::not_found,
                                       "there is no job " + std::to_string(watch.job.value())});
  self_->send(watch.client, JobChanged{job->id, job->view});
  if (job->has_ended()) return;
  self_->monitor(watch.client);
  job->watchers.push_back(watch.client);
}

/// Returns a job whose actor can be asked, or that has ended; else the client hears why not.
ClusterJob* MasterState::find_job(const std::string& asked, const ClientActor& client) {
  ClusterJob* job = jobs_.find(asked);
  if (job == nullptr) {
    self_->send(client, RequestRejected{ErrorCode::not_found,
                                        "there is no job \"" + asked +
                                            "\" on this cluster; `weir list` shows those that "
                                            "there are"});
    return nullptr;
  }
  if (job->has_ended() || job->actor) return job;
  self_->send(client, RequestRejected{ErrorCode::unavailable,
                                      "job " + job->name + " is being taken over; ask again"});
  return nullptr;
}

void MasterState::on_stop(const StopNamedJob& stop) {
  ClusterJob* job = find_job(stop.job, stop.client);
  if (job == nullptr) return;
  if (!job->has_ended()) self_->send(job->actor, StopJob{stop.at_once});
  self_->send(stop.client, RequestDone{});
}

void MasterState::on_list(const ListJobs& list) {
  ClusterOverview overview;
  for (const auto& [id, job] : jobs_) {
    JobSummary summary{id, job.name, job.view, {}};
    for (const WorkerId worker : job.workers()) summary.workers.push_back(name_of(worker));
    overview.jobs.push_back(std::move(summary));
  }
  overview.members = members_->view();
  for (const auto& [id, worker] : slots_->workers()) {
    overview.slots += worker.total;
    overview.free_slots += worker.free();
  }
  self_->send(list.client, std::move(overview));
}

void MasterState::on_ping(const PingMaster& ping) {
  self_->send(ping.client, RequestDone{});
}

void MasterState::on_down(const caf::down_msg& down) {
  if (const WorkerId id = find(down.source); id != WorkerId{}) {
    workers_.erase(id);
    return perform(members_->on_closed(id));
  }
  for (auto& [id, job] : jobs_) {
    std::erase_if(job.watchers, [&](const ClientActor& client) { return client == down.source; });
    drop_dead_node(job, down.source);
  }
  ClusterJob* died = jobs_.find(down.source);
  if (died == nullptr || died->has_ended()) return;
  died->view.outcome = runtime::JobOutcome{runtime::JobOutcome::Kind::failed,
                                           "its master died: " + caf::to_string(down.reason)};
  conclude(*died);
}

void MasterState::on_wake(Duration at) {
  if (wake_at_ == at) wake_at_.reset();
  note_signs();
  perform(members_->on_tick(now()));
  perform(slots_->on_tick(now()));
  tick_scaling();
}

void MasterState::schedule_wake() {
  std::optional<Duration> next = members_->next_wake();
  const auto earlier = [&next](std::optional<Duration> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  earlier(slots_->next_wake());
  for (const auto& [id, job] : jobs_) {
    if (job.scaling) earlier(job.scaling->next_wake());
  }
  if (!next || (wake_at_ && *wake_at_ <= *next)) return;
  wake_at_ = next;
  self_->delayed_send(self_, std::max(*next - now(), Duration{}), Wake{*next});
}

MasterActor::behavior_type master_actor(MasterState::Self self, MasterSpawn spawn) {
  MasterState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](RegisterWorker& message) { state.on_register(message); },
      [&state](const WorkerBeat& beat) { state.on_beat(beat); },
      [&state](const WorkerLeaving& leaving) { state.on_leaving(leaving); },
      [&state](JobHosted& hosted) { state.on_hosted(hosted); },
      [&state](const JobNotHosted& refused) { state.on_not_hosted(refused); },
      [&state](const RequestSlots& request) { state.on_request_slots(request); },
      [&state](JobViewed& viewed) { state.on_viewed(viewed); },
      [&state](CheckpointNoted& noted) { state.on_checkpoint(noted); },
      [&state](SubmitJob& submit) { state.on_submit(submit); },
      [&state](const WatchJob& watch) { state.on_watch(watch); },
      [&state](const StopNamedJob& stop) { state.on_stop(stop); },
      [&state](const SaveNamedJob& save) { state.on_save(save); },
      [&state](const SavepointAnswer& answer) { state.on_savepoint(answer); },
      [&state](const ShowCheckpoints& show) { state.on_show_checkpoints(show); },
      [&state](const ShowMetrics& show) { state.on_show_metrics(show); },
      [&state](const ListJobs& list) { state.on_list(list); },
      [&state](const PingMaster& ping) { state.on_ping(ping); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
