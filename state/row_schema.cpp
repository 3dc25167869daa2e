#include "state/row_schema.hpp"

#include <utility>

namespace weir::state {

Result<RowSchema> RowSchema::of(const KeyedStateHandle& handle) {
  RowSchema row;
  const auto parse = [&](const std::string& text) -> Result<Schema> {
    auto schema = Schema::parse(text);
    if (schema.ok()) return schema;
    return Status{ErrorCode::failed_precondition,
                  schema.status().message() + "; a newer version of Weir wrote it"};
  };
  auto key = parse(handle.key_schema);
  if (!key.ok()) return key.status();
  row.key = std::move(key).value();
  for (const StateDescription& state : handle.states) {
    auto value = parse(state.schema);
    if (!value.ok()) return value.status();
    row.values.push_back(std::move(value).value());
  }
  return row;
}

Status undecodable(const KeyedStateHandle& handle, std::uint64_t offset) {
  return {ErrorCode::corrupt, (handle.path.empty() ? "the metadata" : handle.path) +
                                  " holds a row of operator \"" + handle.operator_name +
                                  "\" that cannot be decoded, in the block at byte " +
                                  std::to_string(offset)};
}

}  // namespace weir::state
