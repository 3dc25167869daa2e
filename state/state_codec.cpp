#include "state/state_codec.hpp"

#include "proto/state.pb.h"

#include <algorithm>

namespace weir::state {
namespace {

/// Of a message with parallel lists for them.
template <class Message>
void put_groups(const std::vector<GroupSlice>& groups, Message& out) {
  for (const GroupSlice& slice : groups) {
    out.add_groups(slice.group);
    out.add_group_offsets(slice.offset);
    out.add_group_sizes(slice.size);
  }
}

template <class Message>
std::vector<GroupSlice> groups_of(const Message& in) {
  std::vector<GroupSlice> groups;
  const int count = std::min({in.groups_size(), in.group_offsets_size(), in.group_sizes_size()});
  for (int i = 0; i < count; ++i)
    groups.push_back({in.groups(i), in.group_offsets(i), in.group_sizes(i)});
  return groups;
}

void to_proto(const KeyedStateHandle& handle, proto::KeyedStateHandle& out) {
  out.set_operator_name(handle.operator_name);
  out.set_key_schema(handle.key_schema);
  out.set_max_parallelism(handle.max_parallelism);
  for (const StateDescription& state : handle.states) {
    auto& described = *out.add_states();
    described.set_name(state.name);
    described.set_kind(static_cast<std::uint32_t>(state.kind));
    described.set_schema(state.schema);
  }
  out.set_path(handle.path);
  out.set_inlined(handle.inlined);
  out.set_rows(handle.rows);
  put_groups(handle.groups, out);
  for (const LogSegment& segment : handle.log) {
    auto& stored = *out.add_log();
    stored.set_upto(segment.upto.value());
    stored.set_path(segment.path);
    put_groups(segment.groups, stored);
    stored.set_is_linked(segment.is_linked);
  }
  out.set_is_linked(handle.is_linked);
  for (const NativeFile& file : handle.files) {
    auto& stored = *out.add_files();
    stored.set_name(file.name);
    stored.set_path(file.path);
    stored.set_inlined(file.inlined);
    stored.set_size(file.size);
    stored.set_crc(file.crc);
    stored.set_is_linked(file.is_linked);
  }
}

KeyedStateHandle from_proto(const proto::KeyedStateHandle& in) {
  KeyedStateHandle handle{.operator_name = in.operator_name(),
                          .key_schema = in.key_schema(),
                          .max_parallelism = in.max_parallelism(),
                          .states = {},
                          .path = in.path(),
                          .inlined = in.inlined(),
                          .groups = groups_of(in),
                          .rows = in.rows()};
  for (const auto& state : in.states())
    handle.states.push_back(
        {state.name(), static_cast<detail::StateKind>(state.kind()), state.schema()});
  for (const auto& segment : in.log())
    handle.log.push_back({.upto = CheckpointId{segment.upto()},
                          .path = segment.path(),
                          .groups = groups_of(segment),
                          .is_linked = segment.is_linked()});
  handle.is_linked = in.is_linked();
  for (const auto& file : in.files())
    handle.files.push_back({.name = file.name(),
                            .path = file.path(),
                            .inlined = file.inlined(),
                            .size = file.size(),
                            .crc = file.crc(),
                            .is_linked = file.is_linked()});
  return handle;
}

void to_proto(const OperatorStateHandle& handle, proto::OperatorStateHandle& out) {
  out.set_operator_name(handle.operator_name);
  out.set_name(handle.name);
  out.set_kind(static_cast<std::uint32_t>(handle.kind));
  out.set_schema(handle.schema);
  out.set_path(handle.path);
  out.set_inlined(handle.inlined);
  out.set_offset(handle.offset);
  for (const ElementBlock& block : handle.blocks) {
    out.add_block_sizes(block.size);
    out.add_block_elements(block.elements);
  }
}

OperatorStateHandle from_proto(const proto::OperatorStateHandle& in) {
  OperatorStateHandle handle{.operator_name = in.operator_name(),
                             .name = in.name(),
                             .kind = static_cast<detail::OperatorStateKind>(in.kind()),
                             .schema = in.schema(),
                             .path = in.path(),
                             .inlined = in.inlined(),
                             .offset = in.offset(),
                             .blocks = {}};
  const int blocks = std::min(in.block_sizes_size(), in.block_elements_size());
  for (int i = 0; i < blocks; ++i)
    handle.blocks.push_back({in.block_sizes(i), in.block_elements(i)});
  return handle;
}

void to_proto(const ChannelStateHandle& handle, proto::ChannelStateHandle& out) {
  out.set_edge(handle.edge);
  out.set_receiver(handle.receiver);
  out.set_side(static_cast<std::uint32_t>(handle.side));
  out.set_schema(handle.schema);
  out.set_path(handle.path);
  out.set_inlined(handle.inlined);
  out.set_offset(handle.offset);
  for (const std::uint64_t size : handle.blocks) out.add_blocks(size);
}

ChannelStateHandle from_proto(const proto::ChannelStateHandle& in) {
  return {.edge = in.edge(),
          .receiver = in.receiver(),
          .side = static_cast<ChannelSide>(in.side()),
          .schema = in.schema(),
          .path = in.path(),
          .inlined = in.inlined(),
          .offset = in.offset(),
          .blocks = {in.blocks().begin(), in.blocks().end()}};
}

}  // namespace

void to_proto(const SubtaskState& state, proto::SubtaskState& out) {
  for (const KeyedStateHandle& handle : state.keyed) to_proto(handle, *out.add_keyed());
  for (const SourceState& source : state.sources) {
    auto& stored = *out.add_sources();
    stored.set_operator_name(source.operator_name);
    stored.set_position_schema(source.position_schema);
    for (const SplitPosition& split : source.splits) {
      auto& position = *stored.add_splits();
      position.set_split(split.split.id);
      position.set_size_bytes(split.split.size_bytes);
      if (split.position) position.set_position(*split.position);
    }
  }
  for (const SinkState& sink : state.sinks) {
    auto& stored = *out.add_sinks();
    stored.set_operator_name(sink.operator_name);
    stored.set_txn_schema(sink.txn_schema);
    for (const PreparedTransaction& transaction : sink.transactions) {
      auto& prepared = *stored.add_transactions();
      prepared.set_checkpoint(transaction.checkpoint.value());
      prepared.set_txn(transaction.txn);
    }
  }
  out.set_is_finished(state.is_finished);
  for (const OperatorStateHandle& handle : state.operators) to_proto(handle, *out.add_operators());
  for (const ChannelStateHandle& handle : state.channels) to_proto(handle, *out.add_channels());
  if (state.event_time != Timestamp::min())
    out.set_event_time(state.event_time.time_since_epoch().count());
}

SubtaskState from_proto(const proto::SubtaskState& in) {
  SubtaskState state;
  for (const auto& handle : in.keyed()) state.keyed.push_back(from_proto(handle));
  for (const auto& stored : in.sources()) {
    SourceState source{stored.operator_name(), stored.position_schema(), {}};
    for (const auto& split : stored.splits())
      source.splits.push_back(
          {{split.split(), split.size_bytes()},
           split.has_position() ? std::optional<Bytes>{split.position()} : std::nullopt});
    state.sources.push_back(std::move(source));
  }
  for (const auto& stored : in.sinks()) {
    SinkState sink{stored.operator_name(), stored.txn_schema(), {}};
    for (const auto& prepared : stored.transactions())
      sink.transactions.push_back({CheckpointId{prepared.checkpoint()}, prepared.txn()});
    state.sinks.push_back(std::move(sink));
  }
  state.is_finished = in.is_finished();
  for (const auto& handle : in.operators()) state.operators.push_back(from_proto(handle));
  for (const auto& handle : in.channels()) state.channels.push_back(from_proto(handle));
  if (in.has_event_time()) state.event_time = Timestamp{std::chrono::milliseconds{in.event_time()}};
  return state;
}

Bytes to_bytes(const SubtaskState& state) {
  proto::SubtaskState message;
  to_proto(state, message);
  return message.SerializeAsString();
}

Result<SubtaskState> subtask_state_from_bytes(std::string_view bytes) {
  proto::SubtaskState message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Status{ErrorCode::corrupt, "a subtask's state is no valid message"};
  return from_proto(message);
}

}  // namespace weir::state
