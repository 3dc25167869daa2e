// How a master gives its job all the slots that there are (`scheduler-mode: reactive`): carries a
// runtime::ReactiveScaling, and builds the job anew for the parallelism that this decides on.
#include "actors/blocking.hpp"
#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

using runtime::JobFailure;

/// Performs what is decided on the parallelism of a job.
struct PerformScaling {
  MasterState& state;
  ClusterJob& job;

  void operator()(const runtime::StartWith& action) const { state.replan(job, action); }

  void operator()(const runtime::ShowWaiting& action) const {
    state.self_->send(job.actor, SlotsMissing{job.attempt, action.what});
  }

  void operator()(const runtime::WaitedTooLong& action) const {
    state.self_->send(
        job.actor,
        SlotsRefused{job.attempt, {action.status.message(), JobFailure::Kind::transient}});
  }

  void operator()(const runtime::Rescale& action) const {
    state.spawn_->services.common.log.info(
        "a job takes more slots behind its next checkpoint",
        {{"job", job.id.value()}, {"parallelism", std::uint64_t{action.to}}});
    state.self_->send(job.actor, RelocateJob{});
  }
};

/// A cluster of which a job takes all slots has none for another.
Status MasterState::check_room() const {
  if (!spawn_->scaling) return {};
  const auto running = std::find_if(jobs_.begin(), jobs_.end(),
                                    [](const auto& entry) { return !entry.second.has_ended(); });
  if (running == jobs_.end() && opening_.empty()) return {};
  const std::string owner = running == jobs_.end() ? "another job" : "job " + running->second.name;
  return {ErrorCode::failed_precondition,
          owner +
              " has all slots of this cluster (scheduler-mode: REACTIVE); stop it first, or "
              "start another cluster"};
}

void MasterState::begin_scaling(ClusterJob& job) {
  if (!spawn_->scaling) return;
  job.scaling.emplace(*spawn_->scaling, runtime::usable_slots(job.hosted->context->plan()));
  perform(job, job.scaling->on_members(members_->view(), slots_->available_to(job.id), now()));
}

void MasterState::scale_jobs() {
  for (auto& [id, job] : jobs_) {
    if (job.scaling)
      perform(job, job.scaling->on_members(members_->view(), slots_->available_to(id), now()));
  }
}

void MasterState::tick_scaling() {
  for (auto& [id, job] : jobs_) {
    if (job.scaling) perform(job, job.scaling->on_tick(now()));
  }
}

void MasterState::perform(ClusterJob& job, const runtime::ScalingActions& actions) {
  for (const runtime::ScalingAction& action : actions)
    std::visit(PerformScaling{*this, job}, action);
  schedule_wake();
}

/// Builds the job for another parallelism, if it has one, and then takes the slots.
void MasterState::replan(ClusterJob& job, const runtime::StartWith& start) {
  job.placement = {};  // if it had slots already, they are not what it needs
  perform(slots_->on_vacate(job.id));
  const int parallelism = static_cast<int>(start.parallelism);
  if (job.hosted->context->options().parallelism == parallelism)
    return on_replanned(job, start, job.hosted);
  JobSpec spec = job.spec;
  spec.parallelism = parallelism;
  ask_blocking(
      self_, spawn_->services.common.pool,
      [factory = &spawn_->services.jobs, spec, hosted = job.hosted]() -> Result<HostedJobPtr> {
        auto built = factory->build(spec);
        if (!built.ok()) return built.status();
        return with_plan_of(*built, *hosted);
      },
      [this, id = job.id, start](Result<HostedJobPtr> built) {
        if (ClusterJob* known = jobs_.find(id)) on_replanned(*known, start, std::move(built));
      });
}

void MasterState::on_replanned(ClusterJob& job, const runtime::StartWith& start,
                               Result<HostedJobPtr> built) {
  if (!job.scaling || !job.scaling->is_current(start.decision)) return;
  if (!built.ok()) {
    return self_->send(job.actor, SlotsRefused{job.attempt,
                                               {"the job cannot be built with parallelism " +
                                                    std::to_string(start.parallelism) + ": " +
                                                    built.status().message(),
                                                JobFailure::Kind::permanent}});
  }
  if (*built != job.hosted) {
    release_nodes(job);  // they have the old plan
    job.hosted = std::move(built).value();
    job.spec.parallelism = static_cast<int>(start.parallelism);
  }
  job.rescaled = start.why;
  if (!start.why.empty())
    spawn_->services.common.log.info("rescaling a job",
                                     {{"job", job.id.value()}, {"reason", start.why}});
  take_slots(job);
}

}  // namespace weir::actors
