// RowReader: rows of a snapshot, decoded into the rows in memory of a state.
#pragma once

#include "state/handle.hpp"
#include "state/migration.hpp"
#include "state/schema.hpp"

#include <weir/detail/keyed_state.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// Reads rows of one handle into a table whose states may be declared in another order.
class RowReader {
public:
  /// The handle's schemas make sense, and go with the states.
  RowReader(const KeyedStateHandle& handle, detail::KeyedState& into);

  /// Reads one row after the other; `corrupt` says that one cannot be decoded. `name` is for it.
  Status read_block(std::string_view payload, const std::string& name);

private:
  struct Column {
    std::optional<std::size_t> target;   // column in the table
    Schema skip;                         // how to pass over the value if there is none
    std::optional<Migration> migration;  // if its values cannot stay as they are
  };

  void read_row(ByteReader& in);
  void read_column(ByteReader& in, char*& row, const Column& column);

  detail::KeyedState& into_;
  std::vector<Column> columns_;  // in the order of the handle
  ByteWriter migrated_;
};

}  // namespace weir::state
