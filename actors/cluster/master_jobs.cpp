// How jobs come to a master: from clients, and from the leaders before it.
#include "actors/blocking.hpp"
#include "actors/cluster/library_fetch.hpp"
#include "actors/cluster/master_actor.hpp"
#include "actors/job_actor.hpp"
#include "runtime/job/cleanup.hpp"

#include <weir/hash.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::actors {
namespace {

using Built = Result<HostedJobPtr>;
using Opened = std::optional<Built>;  // none: the next leader sees to it

constexpr std::chrono::seconds kTakeoverPause{1};  // before a place that does not answer is retried

/// What it takes to open a job away from the master's actor.
struct Opening {
  JobFactory* factory;
  Env* env;
  base::Logger* log;
  JobSpec spec;
  HostOptions options;
  std::set<std::string> in_use;  // directories of checkpoints that other jobs have

  Built operator()() const {
    auto job = factory->build(spec);
    if (!job.ok()) return job.status();
    const std::string& directory = job->options().checkpoint.storage;
    if (directory.empty())
      return Status{ErrorCode::invalid_argument,
                    "a job on a cluster needs a place for its checkpoints that all its "
                    "processes reach: set execution.checkpointing.dir"};
    const std::string place = checkpoint::CheckpointStorage::place_of(directory, job->name());
    if (in_use.contains(place))
      return Status{ErrorCode::failed_precondition,
                    "a job of this cluster has its checkpoints in " + place +
                        "; wait for its end, or set another execution.checkpointing.dir"};
    return host_job(*job, options, *env, *log);
  }
};

Opening opening(const MasterSpawn& spawn, const JobSpec& spec,
                const runtime::RestoreRequest& restore) {
  const std::string run = spawn.new_run_id();
  const auto& common = spawn.services.common;
  return {&spawn.services.jobs,
          &common.env,
          &common.log,
          spec,
          {.restore = restore, .run = run, .seed = hash_bytes(run.data(), run.size())},
          {}};
}

/// Opens a job that another leader has begun, who may be frozen and still have it open.
Opening taking_over(const MasterSpawn& spawn, const JobRecord& record) {
  Opening open = opening(spawn, record.spec, record.restore);
  open.options.takeover = checkpoint::Takeover{spawn.keeper->epoch()};
  open.options.origin = record.origin;
  return open;
}

/// What a leader may tell of a job that it has tried to open. `keeper` may be null.
Opened open_as_leader(const Opening& open, JobKeeper* keeper) {
  Built built = open();
  if (!built.ok() && keeper != nullptr && !keeper->confirm().ok()) return std::nullopt;
  return built;
}

}  // namespace

void MasterState::serve_libraries() {
  runtime::LibraryShelf* shelf = spawn_->services.jobs.libraries();
  if (shelf == nullptr) return;
  libraries_ = self_->spawn(library_source, &spawn_->services.common.pool,
                            ReadLibrary{[shelf](const std::string& hash, std::uint64_t offset) {
                              return shelf->part(hash, offset);
                            }});
}

void MasterState::inherit(const Inheritance& inheritance) {
  for (const ResultRecord& result : inheritance.ended) {
    last_job_ = std::max(last_job_, result.id);
    auto job = std::make_unique<ClusterJob>();
    job->id = result.id;
    job->name = result.name;
    job->ticket = result.ticket;
    job->view.state = runtime::JobState::ended;
    job->view.outcome = result.outcome;
    jobs_.emplace(result.id, std::move(job));
  }
  for (const JobRecord& record : inheritance.to_run) {
    last_job_ = std::max(last_job_, record.id);
    auto job = std::make_unique<ClusterJob>();
    job->id = record.id;
    job->name = record.name;
    job->ticket = record.ticket;
    job->directory = record.directory;
    job->spec = record.spec;
    jobs_.emplace(record.id, std::move(job));
    resume(record);
  }
  for (const JobRecord& record : inheritance.to_clean_up) clean_up(record);
}

void MasterState::resume(const JobRecord& record) {
  ask_blocking(
      self_, spawn_->services.common.pool,
      [open = taking_over(*spawn_, record), keeper = spawn_->keeper] {
        return open_as_leader(open, keeper.get());
      },
      [this, record](Opened opened) {
        if (!opened) return;
        Built& built = *opened;
        ClusterJob& job = *find(record.id);
        auto& log = spawn_->services.common.log;
        if (built.ok()) {
          log.info("goes on with a job", {{"job", record.id.value()},
                                          {"from", (*built)->launch.initial_path.empty()
                                                       ? "the beginning"
                                                       : (*built)->launch.initial_path}});
          return start(job, std::move(built).value());
        }
        const std::string why = built.status().message();
        log.error("cannot go on with a job", {{"job", record.id.value()}, {"error", why}});
        if (runtime::may_pass(built.status().code()))
          return self_->delayed_send(self_, kTakeoverPause,
                                     Continue{[this, record] { resume(record); }});
        // It is not stored as its result: when the cause is mended the next leader goes on.
        job.view.outcome = runtime::JobOutcome{runtime::JobOutcome::Kind::not_restorable, why};
        tell_watchers(job);
        end_job(job);
      });
}

/// The leader before has ended between the end of a job and the deletion of what that had.
void MasterState::clean_up(const JobRecord& record) {
  const runtime::JobOutcome::Kind outcome = find(record.id)->view.outcome->kind;
  cleaning_.insert(record.directory);
  run_blocking(
      self_, spawn_->services.common.pool,
      [open = taking_over(*spawn_, record), keeper = spawn_->keeper, outcome, id = record.id] {
        const Built built = open();
        if (built.ok())
          runtime::clean_up(*(*built)->storage, (*built)->launch, outcome, *open.log);
        else
          open.log->warn("the checkpoints of a job that has ended stay",
                         {{"job", id.value()}, {"error", built.status().message()}});
        (void)keeper->forget(id);
      },
      [this, directory = record.directory] { cleaning_.erase(directory); });
}

std::set<std::string> MasterState::places_in_use() const {
  std::set<std::string> places = cleaning_;
  for (const auto& [id, job] : jobs_) {
    if (job->hosted != nullptr || !job->has_ended()) places.insert(job->directory);
  }
  return places;
}

void MasterState::on_submit(SubmitJob& submit) {
  self_->monitor(submit.client);
  const auto known = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return entry.second->ticket == submit.ticket;
  });
  if (known != jobs_.end()) {  // the client has not heard that it was accepted
    ClusterJob& job = *known->second;
    if (!job.has_ended()) job.watchers.push_back(submit.client);
    self_->send(submit.client, JobAccepted{job.id, job.name, {}, false, job.checkpoint_options()});
    return self_->send(submit.client, JobChanged{job.id, job.view});
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
  Opening open = opening(*spawn_, submit.spec, submit.restore);
  open.in_use = places_in_use();
  if (spawn_->keeper != nullptr)
    open.options.takeover =
        checkpoint::Takeover{.leader = spawn_->keeper->epoch(), .breaks_lock = false};
  ask_blocking(
      self_, spawn_->services.common.pool,
      [open = std::move(open), keeper = spawn_->keeper] {
        return open_as_leader(open, keeper.get());
      },
      [this, submit](Opened opened) {
        if (!opened) return;
        Built& built = *opened;
        if (built.ok()) return keep(submit, std::move(built).value());
        reject(submit, built.status());
      });
}

/// Makes the job durable, if it is to outlive this master.
void MasterState::keep(const SubmitJob& submit, HostedJobPtr hosted) {
  last_job_ = last_job_.next();
  const JobId id = last_job_;
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
  auto job = std::make_unique<ClusterJob>();
  job->id = id;
  job->name = context.plan().graph().name;
  job->ticket = submit.ticket;
  job->directory = hosted->storage->place();
  job->spec = submit.spec;
  job->watchers.push_back(submit.client);
  ClusterJob& accepted = *jobs_.emplace(id, std::move(job)).first->second;
  start(accepted, std::move(hosted));
}

void MasterState::start(ClusterJob& job, HostedJobPtr hosted) {
  job.hosted = std::move(hosted);
  const auto on_view = [to = MasterActor{self_}, id = job.id](const runtime::JobView& view) {
    caf::anon_send(to, JobViewed{id, view});
  };
  JobSpawn spawn{job.hosted, spawn_->services.common, on_view, spawn_->report_every,
                 caf::actor_cast<SlotActor>(MasterActor{self_})};
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
        tell_watchers(*find(id));
        end_job(*find(id));
      });
}

}  // namespace weir::actors
