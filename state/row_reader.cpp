#include "state/row_reader.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::state {

RowReader::RowReader(const KeyedStateHandle& handle, detail::KeyedState& into) : into_{into} {
  for (const StateDescription& written : handle.states) {
    Column column;
    const auto& declared = into.specs();
    const auto at = std::find_if(declared.begin(), declared.end(),
                                 [&](const auto& spec) { return spec.name == written.name; });
    if (at != declared.end()) {
      column.target = static_cast<std::size_t>(at - declared.begin());
      column.migration = migration_of(written.schema, *at->type);
    } else {
      auto schema = Schema::parse(written.schema);
      WEIR_ASSERT(schema.ok(), "a schema in a checkpoint was not checked before");
      column.skip = std::move(schema).value();
    }
    columns_.push_back(std::move(column));
  }
}

Status RowReader::read_block(std::string_view payload, const std::string& name) {
  ByteReader in{payload};
  while (in.ok() && !in.at_end()) read_row(in);
  if (in.ok()) return {};
  return {ErrorCode::corrupt, name + " holds a row that cannot be decoded"};
}

void RowReader::read_row(ByteReader& in) {
  into_.read_restored_key(in);
  const bool has_bits = columns_.size() > 1;
  const std::string_view bits = has_bits ? in.get_raw((columns_.size() + 7) / 8) : "\x01";
  char* row = nullptr;  // made for the first value, so that no row is without one
  for (std::size_t i = 0; i < columns_.size() && in.ok(); ++i) {
    if ((bits[i / 8] >> (i % 8) & 1) == 0) continue;
    if (columns_[i].target)
      read_column(in, row, columns_[i]);
    else
      columns_[i].skip.skip(in);
  }
}

void RowReader::read_column(ByteReader& in, char*& row, const Column& column) {
  if (row == nullptr) {
    bool is_new = false;
    std::tie(row, is_new) = into_.insert_restored();
    if (!is_new) return in.fail();  // a key stands twice
  }
  const detail::RowLayout& layout = into_.table().layout();
  const auto& [type, offset] = layout.columns[*column.target];
  // Constructs a value even from damaged bytes.
  if (!column.migration) {
    type->decode(in, row + offset);
  } else {
    migrated_.clear();
    column.migration->run(in, migrated_);
    ByteReader value{migrated_.view()};
    type->decode(value, row + offset);
    if (!value.ok() || !value.at_end()) in.fail();
  }
  layout.mark(row, *column.target, true);
}

}  // namespace weir::state
