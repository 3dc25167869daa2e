// What a leader keeps of a job for those who lead after it. Format:
// docs/formats/high-availability.md.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "base/ids.hpp"
#include "runtime/job/job_machine.hpp"
#include "runtime/job/launch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::actors {

/// Everything that it takes to go on with a job.
struct JobRecord {
  JobId id;
  std::string name;
  std::string ticket;     // names the submission; said again when its answer was lost
  std::string directory;  // of its checkpoints
  JobSpec spec;
  runtime::RestoreRequest restore;
  runtime::RunOrigin origin;
};

/// What became of a job.
struct ResultRecord {
  JobId id;
  std::string name;
  std::string ticket;
  runtime::JobOutcome outcome;
};

/// What a leader finds of those before it.
struct Inheritance {
  std::vector<JobRecord> to_run = {};
  std::vector<JobRecord> to_clean_up = {};  // they have ended: their results are among `ended`
  std::vector<ResultRecord> ended = {};
};

/// Ids are names of records; their order is that of the numbers.
std::string record_id(JobId id);
/// `corrupt` if a record has another name.
Result<JobId> job_id(const std::string& record_id);

Bytes encode_record(const JobRecord& record);
Bytes encode_record(const ResultRecord& record);
/// `corrupt` if it is no such record.
Result<JobRecord> decode_job_record(JobId id, std::string_view bytes);
Result<ResultRecord> decode_result_record(JobId id, std::string_view bytes);

}  // namespace weir::actors
