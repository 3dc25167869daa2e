#include "actors/cluster/job_record.hpp"
#include "base/text.hpp"
#include "proto/ha.pb.h"

#include <algorithm>
#include <iterator>

namespace weir::actors {
namespace {

using From = runtime::RestoreRequest::From;
using Kind = runtime::JobOutcome::Kind;

constexpr std::size_t kDigits = 10;

// The numbers in the records are positions here. On disk: do not change, only append.
constexpr From kFrom[] = {From::beginning, From::latest, From::path};
constexpr Kind kKinds[] = {Kind::finished, Kind::stopped, Kind::cancelled, Kind::failed,
                           Kind::not_restorable};

template <class T, std::size_t N>
std::uint32_t position_of(const T (&all)[N], T value) {
  return static_cast<std::uint32_t>(std::find(all, all + N, value) - all);
}

Status damaged(JobId id) {
  return {ErrorCode::corrupt,
          "the record of job " + std::to_string(id.value()) + " in the leader store is damaged"};
}

}  // namespace

std::string record_id(JobId id) {
  const std::string number = std::to_string(id.value());
  return std::string(kDigits - std::min(kDigits, number.size()), '0') + number;
}

Result<JobId> job_id(const std::string& record_id) {
  const auto number = base::parse_int(record_id);
  if (number.ok() && *number > 0) return JobId{static_cast<std::uint64_t>(*number)};
  return Status{ErrorCode::corrupt, "the leader store holds a job \"" + record_id +
                                        "\", which no coordinator has made; remove it"};
}

Bytes encode_record(const JobRecord& record) {
  proto::JobRecord message;
  message.set_name(record.name);
  message.set_ticket(record.ticket);
  message.set_directory(record.directory);
  for (const FlagValue& flag : record.spec.flags) {
    auto* to = message.add_flags();
    to->set_name(flag.name);
    to->set_value(flag.value);
  }
  for (const Setting& setting : record.spec.settings) {
    auto* to = message.add_settings();
    to->set_place(setting.place);
    to->set_key(setting.key);
    to->set_value(setting.value);
  }
  message.set_parallelism(record.spec.parallelism.value_or(0));
  message.set_restore_from(position_of(kFrom, record.restore.from));
  message.set_restore_path(record.restore.path);
  message.set_allow_non_restored(record.restore.allow_non_restored);
  message.set_last_checkpoint_before(record.origin.last_id_before.value());
  message.set_is_rerun(record.origin.is_rerun);
  return message.SerializeAsString();
}

Bytes encode_record(const ResultRecord& record) {
  proto::ResultRecord message;
  message.set_name(record.name);
  message.set_ticket(record.ticket);
  message.set_outcome(position_of(kKinds, record.outcome.kind));
  message.set_reason(record.outcome.reason);
  return message.SerializeAsString();
}

Result<JobRecord> decode_job_record(JobId id, std::string_view bytes) {
  proto::JobRecord message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      message.restore_from() >= std::size(kFrom))
    return damaged(id);
  JobRecord record{.id = id,
                   .name = message.name(),
                   .ticket = message.ticket(),
                   .directory = message.directory(),
                   .spec = {},
                   .restore = {.from = kFrom[message.restore_from()],
                               .path = message.restore_path(),
                               .allow_non_restored = message.allow_non_restored()},
                   .origin = {.last_id_before = CheckpointId{message.last_checkpoint_before()},
                              .is_rerun = message.is_rerun()}};
  for (const auto& flag : message.flags()) record.spec.flags.push_back({flag.name(), flag.value()});
  for (const auto& setting : message.settings())
    record.spec.settings.push_back({setting.place(), setting.key(), setting.value()});
  if (message.parallelism() != 0) record.spec.parallelism = message.parallelism();
  return record;
}

Result<ResultRecord> decode_result_record(JobId id, std::string_view bytes) {
  proto::ResultRecord message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      message.outcome() >= std::size(kKinds))
    return damaged(id);
  return ResultRecord{
      id, message.name(), message.ticket(), {kKinds[message.outcome()], message.reason()}};
}

}  // namespace weir::actors
