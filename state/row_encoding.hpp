// The encoding of rows in memory: a row is its key, then (if the operator has several states) one
// presence bit per state, then the values that are present in the order of the states.
#pragma once

#include "state/expiry.hpp"

#include <weir/bytes.hpp>
#include <weir/detail/row_table.hpp>

#include <string>
#include <vector>

namespace weir::state {

inline void encode_value(const detail::Type& type, const char* value, ByteWriter& out) {
  if (type.packed != 0)
    out.put_raw(value, type.packed);
  else
    type.encode(value, out);
}

inline void encode_key(const detail::RowLayout& layout, const char* row, ByteWriter& out) {
  encode_value(*layout.key, row, out);
}

inline void encode_row(const detail::RowLayout& layout, const char* row, ByteWriter& out) {
  encode_key(layout, row, out);
  out.put_raw(row + layout.presence_offset, layout.presence_bytes);
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (layout.has(row, i))
      encode_value(*layout.columns[i].type, row + layout.columns[i].offset, out);
  }
}

/// Adds a row without what has expired of it; returns whether anything is left. If not, nothing is
/// added.
inline bool encode_live_row(const detail::RowLayout& layout, const std::vector<Expiry>& expiries,
                            const char* row, ByteWriter& out) {
  std::string bits(layout.presence_bytes, '\0');
  std::vector<std::size_t> live;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const Expiry& expiry = expiries[i];
    if (!layout.has(row, i)) continue;
    if (expiry.is_live != nullptr && !expiry.is_live(row + layout.columns[i].offset, expiry.dead))
      continue;
    live.push_back(i);
    if (!bits.empty()) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
  }
  if (live.empty()) return false;
  encode_key(layout, row, out);
  out.put_raw(bits.data(), bits.size());
  for (const std::size_t i : live)
    encode_value(*layout.columns[i].type, row + layout.columns[i].offset, out);
  return true;
}

}  // namespace weir::state
