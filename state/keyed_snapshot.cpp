#include "state/keyed_snapshot.hpp"

#include "base/assert.hpp"
#include "state/backed_snapshot.hpp"
#include "state/row_blocks.hpp"
#include "state/row_encoding.hpp"
#include "state/row_reader.hpp"

#include <algorithm>
#include <utility>

namespace weir::state {
namespace {

using detail::FrozenRows;
using detail::KeyedState;
using detail::RowLayout;
using detail::Type;

/// Bytes of each row that are its encoding as they are, or 0 if rows must be encoded part by part.
std::size_t packed_bytes(const RowLayout& layout) {
  if (layout.columns.size() != 1) return 0;
  const auto& [type, offset] = layout.columns[0];
  const bool is_packed = layout.key->packed != 0 && type->packed != 0;
  return is_packed && offset == layout.key->packed ? offset + type->packed : 0;
}

}  // namespace

std::string_view name_of(detail::StateKind kind) {
  switch (kind) {
    case detail::StateKind::value: return "ValueState";
    case detail::StateKind::list: return "ListState";
    case detail::StateKind::map: return "MapState";
    case detail::StateKind::reducing: return "ReducingState";
    case detail::StateKind::aggregating: return "AggregatingState";
  }
  return "unknown state";
}

KeyedStateInfo describe(const std::string& operator_name, const std::string& key_schema,
                        const KeyedState& keyed) {
  KeyedStateInfo info{.operator_name = operator_name,
                      .key_schema = key_schema,
                      .max_parallelism = keyed.table().max_parallelism(),
                      .states = {},
                      .expiries = {},
                      .types = {}};
  for (const auto& spec : keyed.specs()) {
    info.states.push_back({spec.name, spec.kind, spec.type->schema});
    info.expiries.push_back({spec.is_live, keyed.time() - spec.ttl_ms});
    info.types.push_back(spec.type);
  }
  return info;
}

bool KeyedStateInfo::expires() const {
  return std::any_of(expiries.begin(), expiries.end(),
                     [](const Expiry& expiry) { return expiry.is_live != nullptr; });
}

KeyedStateHandle empty_handle(const KeyedStateInfo& info) {
  return {.operator_name = info.operator_name,
          .key_schema = info.key_schema,
          .max_parallelism = info.max_parallelism,
          .states = info.states,
          .path = {},
          .inlined = {},
          .groups = {},
          .rows = 0};
}

Result<KeyedStateHandle> write_rows(const KeyedStateInfo& info, const FrozenRows& rows,
                                    StateFile& file) {
  KeyedStateHandle handle = empty_handle(info);
  RowBlocks blocks{file, handle};
  const bool expires = info.expires();
  const std::size_t packed = expires ? 0 : packed_bytes(rows.layout());
  for (std::uint32_t group = rows.range().begin; group < rows.range().end; ++group) {
    blocks.begin_group(group);
    rows.for_each(group, [&](const char* row) {
      if (packed != 0)
        blocks.row().put_raw(row, packed);
      else if (!expires)
        encode_row(rows.layout(), row, blocks.row());
      else if (!encode_live_row(rows.layout(), info.expiries, row, blocks.row()))
        return;
      blocks.end_row();
    });
    if (!blocks.status().ok()) return blocks.status();
  }
  if (Status status = blocks.finish(); !status.ok()) return status;
  return handle;
}

void place_rows(StateFile& file, const std::string& path, std::vector<KeyedStateHandle>& handles) {
  const Bytes stream = file.take_inlined();
  for (KeyedStateHandle& handle : handles) {
    if (handle.is_native()) continue;
    handle.inlined = stream;
    if (!file.is_inlined()) handle.path = path;
  }
}

Status read_rows(const KeyedStateHandle& handle, StateReader& reader, KeyedState& into) {
  if (into.backed() != nullptr) {
    try {
      return read_into_store(handle, reader, into);
    } catch (const detail::StoreError& error) {
      return {ErrorCode::unavailable, error.what()};
    }
  }
  RowReader rows{handle, into};
  for (const GroupSlice& slice : handle.groups) {
    if (!into.table().range().contains(slice.group)) continue;
    reader.seek(slice.offset, slice.size);
    while (!reader.at_end()) {
      auto payload = reader.next_block();
      if (!payload.ok()) return payload.status();
      if (Status status = rows.read_block(*payload, "the state of " + handle.operator_name);
          !status.ok())
        return status;
    }
  }
  return {};
}

}  // namespace weir::state
