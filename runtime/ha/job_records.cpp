#include "runtime/ha/job_records.hpp"

#include "runtime/ha/ha_codec.hpp"

#include <algorithm>

namespace weir::runtime {

Status JobRecords::create(LeaderEpoch epoch, const std::string& id, std::string_view job) {
  const auto ended = store_.read(Folder::results, id);
  if (ended.ok()) return {ErrorCode::already_exists, "job " + id + " has ended already"};
  if (ended.status().code() != ErrorCode::not_found) return ended.status();
  return store_.create(epoch, Folder::jobs, id, encode_job(job));
}

Status JobRecords::update(LeaderEpoch epoch, const std::string& id, std::string_view job) {
  return store_.update(epoch, Folder::jobs, id, encode_job(job));
}

Result<Bytes> JobRecords::read(const std::string& id) {
  const auto bytes = store_.read(Folder::jobs, id);
  if (!bytes.ok()) return bytes.status();
  auto job = decode_job(*bytes);
  if (!job.ok()) return job.status().with_context("job " + id + " in the leader store");
  return job;
}

Status JobRecords::finish(LeaderEpoch epoch, const std::string& id, std::string_view result) {
  const Status status = store_.create(epoch, Folder::results, id, encode_result(result));
  return status.code() == ErrorCode::already_exists ? Status{} : status;
}

Status JobRecords::cleaned(LeaderEpoch epoch, const std::string& id) {
  const Status ended = store_.read(Folder::results, id).status();
  if (ended.code() == ErrorCode::not_found)
    return {ErrorCode::failed_precondition, "job " + id + " has not ended"};
  return ended.ok() ? store_.remove(epoch, Folder::jobs, id) : ended;
}

Status JobRecords::forget(LeaderEpoch epoch, const std::string& id) {
  const Status job = store_.read(Folder::jobs, id).status();
  if (job.ok()) return {ErrorCode::failed_precondition, "job " + id + " has not been cleaned up"};
  return job.code() == ErrorCode::not_found ? store_.remove(epoch, Folder::results, id) : job;
}

Result<Bytes> JobRecords::result(const std::string& id) {
  const auto bytes = store_.read(Folder::results, id);
  if (!bytes.ok()) return bytes.status();
  auto result = decode_result(*bytes);
  if (!result.ok())
    return result.status().with_context("the result of job " + id + " in the leader store");
  return result;
}

Result<RecoveredJobs> JobRecords::recover() {
  // First the jobs: one that ends meanwhile is cleaned up, not run.
  const auto jobs = store_.list(Folder::jobs);
  if (!jobs.ok()) return jobs.status();
  const auto ended = store_.list(Folder::results);
  if (!ended.ok()) return ended.status();
  RecoveredJobs recovered;
  for (const std::string& id : *jobs) {
    const bool has_result = std::binary_search(ended->begin(), ended->end(), id);
    (has_result ? recovered.to_clean_up : recovered.to_run).push_back(id);
  }
  return recovered;
}

}  // namespace weir::runtime
