#include "actors/cluster/job_keeper.hpp"

#include <utility>

namespace weir::actors {

JobKeeper::JobKeeper(runtime::HaStore& store, LeaderEpoch epoch,
                     std::function<void(const std::string&)> step_down, base::Logger& log)
    : store_{store}, records_{store}, epoch_{epoch}, step_down_{std::move(step_down)}, log_{log} {}

Result<Inheritance> JobKeeper::inherit() {
  const auto recovered = records_.recover();
  if (!recovered.ok()) return recovered.status();
  Inheritance inheritance;
  const auto read = [this](const std::vector<std::string>& ids,
                           std::vector<JobRecord>& records) -> Status {
    for (const std::string& id : ids) {
      const auto number = job_id(id);
      if (!number.ok()) return number.status();
      const auto bytes = records_.read(id);
      if (!bytes.ok()) return bytes.status();
      auto record = decode_job_record(*number, *bytes);
      if (!record.ok()) return record.status();
      records.push_back(std::move(record).value());
    }
    return {};
  };
  if (Status status = read(recovered->to_run, inheritance.to_run); !status.ok()) return status;
  if (Status status = read(recovered->to_clean_up, inheritance.to_clean_up); !status.ok())
    return status;
  const auto ended = records_.results();
  if (!ended.ok()) return ended.status();
  for (const std::string& id : *ended) {
    const auto number = job_id(id);
    if (!number.ok()) return number.status();
    const auto bytes = records_.result(id);
    if (!bytes.ok()) return bytes.status();
    auto record = decode_result_record(*number, *bytes);
    if (!record.ok()) return record.status();
    inheritance.ended.push_back(std::move(record).value());
  }
  return inheritance;
}

Status JobKeeper::keep(const JobRecord& record) {
  Status status = records_.create(epoch_, record_id(record.id), encode_record(record));
  const bool is_refused = status.code() == ErrorCode::invalid_argument;  // it is too large
  return is_refused ? status : lead_on(std::move(status), "a job cannot be stored");
}

Status JobKeeper::end(const ResultRecord& result) {
  return lead_on(records_.finish(epoch_, record_id(result.id), encode_record(result)),
                 "the result of job " + std::to_string(result.id.value()) + " cannot be stored");
}

Status JobKeeper::forget(JobId id) {
  return lead_on(records_.cleaned(epoch_, record_id(id)),
                 "the record of job " + std::to_string(id.value()) + " cannot be removed");
}

void JobKeeper::drop_result(JobId id) {
  const Status status = records_.forget(epoch_, record_id(id));
  if (!status.ok() && status.code() != ErrorCode::failed_precondition)
    log_.warn("the result of an old job stays", {{"job", id.value()}, {"error", status.message()}});
}

Status JobKeeper::confirm() {
  const auto seen = store_.look(runtime::Viewer::follower);
  Status status = seen.status();
  if (seen.ok() && seen->newest != epoch_) status = runtime::not_leading(epoch_);
  return lead_on(std::move(status), "the leadership cannot be confirmed");
}

Status JobKeeper::lead_on(Status status, const std::string& what) {
  if (!status.ok()) step_down_(what + ": " + status.message());
  return status;
}

}  // namespace weir::actors
