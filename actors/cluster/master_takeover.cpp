// How jobs come to a master from the leaders before it.
#include "actors/blocking.hpp"
#include "actors/cluster/job_opening.hpp"
#include "runtime/job/cleanup.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kTakeoverPause{1};  // before a place that does not answer is retried

}  // namespace

void MasterState::inherit(const Inheritance& inheritance) {
  for (const ResultRecord& result : inheritance.ended) {
    ClusterJob& job = jobs_.add(result.id);
    job.name = result.name;
    job.ticket = result.ticket;
    job.view.state = runtime::JobState::ended;
    job.view.outcome = result.outcome;
    jobs_.on_ended(result.id);
  }
  for (const JobRecord& record : inheritance.to_run) {
    ClusterJob& job = jobs_.add(record.id);
    job.name = record.name;
    job.ticket = record.ticket;
    job.directory = record.directory;
    job.spec = record.spec;
    resume(record);
  }
  for (const JobRecord& record : inheritance.to_clean_up) clean_up(record);
}

void MasterState::resume(const JobRecord& record) {
  ask_blocking(
      self_, spawn_->services.common.pool,
      [open = takeover_of(*spawn_, record), keeper = spawn_->keeper] {
        return open_as_leader(open, keeper.get());
      },
      [this, record](Opened opened) {
        if (!opened) return;
        Result<HostedJobPtr>& built = *opened;
        ClusterJob& job = *jobs_.find(record.id);
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
  const runtime::JobOutcome::Kind outcome = jobs_.find(record.id)->view.outcome->kind;
  cleaning_.insert(record.directory);
  run_blocking(
      self_, spawn_->services.common.pool,
      [open = takeover_of(*spawn_, record), keeper = spawn_->keeper, outcome, id = record.id] {
        const Result<HostedJobPtr> built = open();
        if (built.ok())
          runtime::clean_up(*(*built)->storage, (*built)->launch, outcome, *open.log);
        else
          open.log->warn("the checkpoints of a job that has ended stay",
                         {{"job", id.value()}, {"error", built.status().message()}});
        (void)keeper->forget(id);
      },
      [this, directory = record.directory] { cleaning_.erase(directory); });
}

}  // namespace weir::actors
