// RowSchema: walking over the rows of a stream without the program that wrote them, by the schemas
// that are stored with it.
#pragma once

#include "state/handle.hpp"
#include "state/schema.hpp"
#include "state/state_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// The schemas of a handle.
struct RowSchema {
  Schema key;
  std::vector<Schema> values;  // of the states, in the order of the handle

  /// `failed_precondition` if a newer version wrote one of them.
  static Result<RowSchema> of(const KeyedStateHandle& handle);

  /// Reads a row: calls `on_key`, then `on_value` with the number of each state that is there. Each
  /// must read its value.
  template <class OnKey, class OnValue>
  void read(ByteReader& in, OnKey on_key, OnValue on_value) const {
    on_key(key);
    const bool has_bits = values.size() > 1;
    const std::string_view bits =
        has_bits ? in.get_raw((values.size() + 7) / 8) : std::string_view{"\x01"};
    for (std::size_t i = 0; i < values.size() && in.ok(); ++i) {
      if ((bits[i / 8] >> (i % 8) & 1) != 0) on_value(i, values[i]);
    }
  }
};

/// Where a row lies.
struct RowPlace {
  std::uint32_t group;     // its key group
  std::string_view block;  // the payload that it is a part of
};

/// What is wrong with a block of the stream of `handle` that begins at `offset`.
Status undecodable(const KeyedStateHandle& handle, std::uint64_t offset);

/// Calls `read_row(in, place)` until all blocks of all groups are read. `corrupt` names the file.
template <class ReadRow>
Status for_each_row(const KeyedStateHandle& handle, StateReader& reader, ReadRow read_row) {
  for (const GroupSlice& slice : handle.groups) {
    reader.seek(slice.offset, slice.size);
    while (!reader.at_end()) {
      const std::uint64_t offset = reader.offset();
      auto payload = reader.next_block();
      if (!payload.ok()) return payload.status();
      ByteReader in{*payload};
      while (in.ok() && !in.at_end()) read_row(in, RowPlace{slice.group, *payload});
      if (!in.ok()) return undecodable(handle, offset);
    }
  }
  return {};
}

}  // namespace weir::state
