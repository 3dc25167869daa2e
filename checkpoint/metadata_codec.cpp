// Metadata as bytes: a header of magic, format version, length and checksum, then Protocol Buffers.
#include "base/compression.hpp"
#include "base/frame.hpp"
#include "checkpoint/metadata.hpp"
#include "proto/checkpoint.pb.h"
#include "state/state_codec.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {
namespace {

constexpr base::FrameKind kMetadataKind{"WEIRMETA"};
/// With logs of keyed state, which whoever knows only the first version would pass over.
constexpr base::FrameKind kLoggedKind{"WEIRMETA", 2};
constexpr base::FrameKind kRecordKind{"WEIRCOOR"};
constexpr std::size_t kSplitListBytesMax = std::size_t{1} << 30;

bool has_log(const CheckpointMetadata& metadata) {
  return std::any_of(metadata.parts.begin(), metadata.parts.end(), [](const SubtaskPart& part) {
    return std::any_of(part.state.keyed.begin(), part.state.keyed.end(),
                       [](const auto& handle) { return handle.has_log(); });
  });
}

/// Of metadata, whose version stands behind the magic; of a version that nobody knows the newest.
base::FrameKind kind_of(std::string_view bytes) {
  ByteReader in{bytes};
  in.get_raw(kLoggedKind.magic.size());
  return in.get<std::uint32_t>() == kMetadataKind.version ? kMetadataKind : kLoggedKind;
}

Status unframe(base::FrameKind kind, std::string_view bytes,
               google::protobuf::MessageLite& message) {
  const auto payload = base::unframe(kind, bytes);
  if (!payload.ok()) return payload.status();
  if (!message.ParseFromArray(payload->data(), static_cast<int>(payload->size())))
    return {ErrorCode::corrupt, "its content is no valid message"};
  return {};
}

std::string encode_splits(const RemainingSplits& remaining) {
  state::SubtaskState carrier;  // reuses the conversion of split positions
  carrier.sources.push_back(
      {.operator_name = {},
       .position_schema = {},
       .splits = {remaining.all->begin() + static_cast<std::ptrdiff_t>(remaining.next),
                  remaining.all->end()}});
  proto::SubtaskState converted;
  to_proto(carrier, converted);
  proto::SplitList list;
  list.mutable_splits()->Swap(converted.mutable_sources(0)->mutable_splits());
  Bytes compressed;
  base::Compressor{}.append(list.SerializeAsString(), compressed);  // paths shrink tenfold
  return compressed;
}

Result<std::vector<state::SplitPosition>> decode_splits(const std::string& bytes) {
  Bytes raw;
  Status status = base::Decompressor{}.read(bytes, kSplitListBytesMax, raw);
  if (!status.ok()) return status.with_context("its list of splits");
  proto::SplitList list;
  if (!list.ParseFromString(raw))
    return Status{ErrorCode::corrupt, "its list of splits is no valid message"};
  proto::SubtaskState carrier;
  carrier.add_sources()->mutable_splits()->Swap(list.mutable_splits());
  return std::move(state::from_proto(carrier).sources[0].splits);
}

}  // namespace

Bytes encode_metadata(const CheckpointMetadata& metadata) {
  proto::CheckpointMetadata message;
  message.set_job(metadata.job);
  message.set_run(metadata.run);
  message.set_id(metadata.id.value());
  message.set_epoch(metadata.epoch.value());
  message.set_kind(static_cast<std::uint32_t>(metadata.kind));
  message.set_triggered_at_us(metadata.triggered_at.time_since_epoch().count());
  message.set_max_parallelism(metadata.max_parallelism);
  for (const SubtaskPart& part : metadata.parts) {
    auto& stored = *message.add_subtasks();
    stored.set_vertex(part.vertex);
    stored.set_index(part.index);
    to_proto(part.state, *stored.mutable_state());
  }
  for (const RemainingSplits& remaining : metadata.remaining) {
    auto& stored = *message.add_remaining();
    stored.set_operator_name(remaining.operator_name);
    stored.set_splits(encode_splits(remaining));
  }
  const base::FrameKind kind = has_log(metadata) ? kLoggedKind : kMetadataKind;
  return base::frame(kind, message.SerializeAsString());
}

Result<CheckpointMetadata> decode_metadata(std::string_view bytes) {
  proto::CheckpointMetadata message;
  if (Status status = unframe(kind_of(bytes), bytes, message); !status.ok()) return status;
  CheckpointMetadata metadata{
      .job = message.job(),
      .run = message.run(),
      .id = CheckpointId{message.id()},
      .epoch = Epoch{message.epoch()},
      .kind = static_cast<CheckpointKind>(message.kind()),
      .triggered_at = WallTime{std::chrono::microseconds{message.triggered_at_us()}},
      .max_parallelism = message.max_parallelism(),
      .parts = {},
      .remaining = {}};
  for (const auto& stored : message.subtasks())
    metadata.parts.push_back({stored.vertex(), stored.index(), state::from_proto(stored.state())});
  for (const auto& stored : message.remaining()) {
    auto splits = decode_splits(stored.splits());
    if (!splits.ok()) return splits.status();
    metadata.remaining.push_back(
        {stored.operator_name(),
         std::make_shared<const std::vector<state::SplitPosition>>(std::move(splits).value()), 0});
  }
  return metadata;
}

Bytes encode_record(const CoordinatorRecord& record) {
  proto::CoordinatorRecord message;
  message.set_epoch(record.epoch.value());
  message.set_last_id(record.last_id.value());
  message.set_is_finished(record.is_finished);
  message.set_run(record.run);
  message.set_savepoint_id(record.savepoint_id.value());
  message.set_savepoint(record.savepoint);
  return base::frame(kRecordKind, message.SerializeAsString());
}

Result<CoordinatorRecord> decode_record(std::string_view bytes) {
  proto::CoordinatorRecord message;
  if (Status status = unframe(kRecordKind, bytes, message); !status.ok()) return status;
  return CoordinatorRecord{.epoch = Epoch{message.epoch()},
                           .last_id = CheckpointId{message.last_id()},
                           .is_finished = message.is_finished(),
                           .run = message.run(),
                           .savepoint_id = CheckpointId{message.savepoint_id()},
                           .savepoint = message.savepoint()};
}

}  // namespace weir::checkpoint
