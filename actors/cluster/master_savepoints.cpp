// Savepoints that clients of a cluster ask for: each hears what came of its own, once.
#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

void MasterState::on_save(const SaveNamedJob& save) {
  ClusterJob* job = find_job(save.job, save.client);
  if (job == nullptr) return;
  if (job->has_ended())
    return self_->send(
        save.client, RequestRejected{ErrorCode::failed_precondition,
                                     "job " + job->name + " has ended: there is nothing to save"});
  // A client that has lost its connection meanwhile asks again.
  const bool is_new =
      savepoints_.insert_or_assign(save.order.ticket, AskedSavepoint{job->id, save.client}).second;
  if (is_new) self_->send(job->actor, save.order);
}

void MasterState::on_savepoint(const SavepointAnswer& answer) {
  if (const auto asked = savepoints_.extract(answer.ticket); !asked.empty())
    self_->send(asked.mapped().client, answer);
}

/// The job has ended: what it has not answered it never will.
void MasterState::refuse_savepoints(JobId job) {
  std::erase_if(savepoints_, [&](const auto& entry) {
    const auto& [ticket, asked] = entry;
    if (asked.job != job) return false;
    self_->send(asked.client, SavepointAnswer{ticket, ErrorCode::unavailable,
                                              "the savepoint failed: the job has ended before it "
                                              "was complete"});
    return true;
  });
}

}  // namespace weir::actors
