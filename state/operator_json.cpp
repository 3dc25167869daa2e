#include "state/operator_json.hpp"

#include "state/operator_snapshot.hpp"
#include "state/row_json.hpp"
#include "state/schema.hpp"

namespace weir::state {
namespace {

Result<Schema> schema_of(const OperatorStateHandle& handle) {
  auto schema = Schema::parse(handle.schema);
  if (schema.ok()) return schema;
  return Status{ErrorCode::failed_precondition,
                schema.status().message() + "; a newer version of Weir wrote it"};
}

}  // namespace

Status verify_elements(const OperatorStateHandle& handle, StateReader& reader) {
  const auto schema = schema_of(handle);
  if (!schema.ok()) return schema.status();
  return for_each_element(handle, 0, handle.elements(), reader,
                          [&](ByteReader& in, bool) { schema->skip(in); });
}

Status print_elements(
    const OperatorStateHandle& handle, StateReader& reader,
    const std::function<void(const std::string& key, const std::string& value)>& print) {
  const auto schema = schema_of(handle);
  if (!schema.ok()) return schema.status();
  const bool is_map = handle.kind == detail::OperatorStateKind::broadcast && schema->parts() == 2;
  return for_each_element(handle, 0, handle.elements(), reader, [&](ByteReader& in, bool) {
    const std::string key = is_map ? read_json(schema->part(0), in) : "";
    const std::string value = read_json(is_map ? schema->part(1) : *schema, in);
    if (in.ok()) print(key, value);
  });
}

}  // namespace weir::state
