// The difference of two frozen versions of a table: which rows one has that the other has not, or
// has otherwise.
//
// A page that is in both was not changed in between, so that only changed pages are looked at: the
// cost is that of the changes, and of one comparison for each entry of the directories. A page that
// was changed in place has its rows where they were; rows that moved are found by their keys.
#pragma once

#include <weir/detail/row_table.hpp>

#include <cstdint>
#include <vector>

namespace weir::state {

/// Rows of frozen versions; pointers into their pages.
struct RowDiff {
  std::vector<const char*> put;   // of the newer one: new, or changed
  std::vector<const char*> gone;  // of the older one: their keys have no row any more
};

/// Compares key group `group` of two versions of one table, which lie in this order. Two rows are
/// the same if their encodings are.
RowDiff diff_rows(const detail::FrozenRows& older, const detail::FrozenRows& newer,
                  std::uint32_t group);

}  // namespace weir::state
