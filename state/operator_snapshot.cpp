#include "state/operator_snapshot.hpp"

#include "state/migration.hpp"

#include <algorithm>

namespace weir::state {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;  // payload after which a block is closed

std::string described(const std::string& operator_name, const std::string& name) {
  return "state \"" + name + "\" of operator \"" + operator_name + "\"";
}

}  // namespace

std::string_view name_of(detail::OperatorStateKind kind) {
  switch (kind) {
    case detail::OperatorStateKind::list: return "operator list";
    case detail::OperatorStateKind::union_list: return "union list";
    case detail::OperatorStateKind::broadcast: return "broadcast map";
  }
  return "unknown";
}

Result<OperatorStateHandle> write_elements(OperatorCut& cut, StateFile& file) {
  OperatorStateHandle handle{.operator_name = cut.operator_name,
                             .name = cut.spec.name,
                             .kind = cut.spec.kind,
                             .schema = cut.spec.type->schema,
                             .path = {},
                             .inlined = {},
                             .offset = file.size(),
                             .blocks = {}};
  ByteWriter payload;
  cut.elements->rewind();  // an attempt before this one may have failed half-way
  for (bool has_more = true; has_more;) {
    payload.clear();
    std::uint64_t elements = 0;
    while (payload.size() < kBlockBytes && (has_more = cut.elements->encode_next(payload)))
      ++elements;
    if (elements == 0) break;
    auto size = file.add_block(payload.view());
    if (!size.ok()) return size.status().with_context(described(handle.operator_name, handle.name));
    handle.blocks.push_back({*size, elements});
  }
  return handle;
}

OperatorStateHandle slice(const OperatorStateHandle& handle, std::uint64_t& first,
                          std::uint64_t count) {
  OperatorStateHandle part = handle;
  part.inlined.clear();
  part.blocks.clear();
  std::uint64_t number = 0;  // of the block's first element
  std::uint64_t offset = handle.offset;
  const std::uint64_t end = first + count;
  for (const ElementBlock& block : handle.blocks) {
    const std::uint64_t next = number + block.elements;
    if (next > first && number < end) {
      if (part.blocks.empty()) {
        part.offset = offset;
        first -= number;
      }
      part.blocks.push_back(block);
    }
    number = next;
    offset += block.size;
  }
  if (part.blocks.empty()) first = 0;
  if (handle.path.empty()) {
    if (!part.blocks.empty() && part.offset < handle.inlined.size())
      part.inlined = handle.inlined.substr(part.offset, part.size_bytes());
    part.offset = 0;
  }
  return part;
}

Status for_each_element(const OperatorStateHandle& handle, std::uint64_t first, std::uint64_t count,
                        StateReader& reader,
                        const std::function<void(ByteReader& in, bool is_asked_for)>& read) {
  std::uint64_t number = 0;  // of the next element
  std::uint64_t offset = handle.offset;
  const std::uint64_t end = first + count;
  for (const ElementBlock& block : handle.blocks) {
    const std::uint64_t next = number + block.elements;
    if (next > first && number < end) {
      reader.seek(offset, block.size);
      auto payload = reader.next_block();
      if (!payload.ok()) return payload.status();
      ByteReader in{*payload};
      for (std::uint64_t i = number; i < std::min(next, end) && in.ok(); ++i) read(in, i >= first);
      if (!in.ok() || !reader.at_end() || (next <= end && !in.at_end()))
        return {ErrorCode::corrupt,
                (handle.path.empty() ? "the metadata" : handle.path) +
                    " holds elements that cannot be decoded, in the block at byte " +
                    std::to_string(offset) + ", of " +
                    described(handle.operator_name, handle.name)};
    }
    number = next;
    offset += block.size;
  }
  if (number >= end) return {};
  return {ErrorCode::corrupt, described(handle.operator_name, handle.name) + " has " +
                                  std::to_string(number) + " elements instead of " +
                                  std::to_string(end)};
}

Status read_elements(const OperatorStateHandle& handle, std::uint64_t first, std::uint64_t count,
                     StateReader& reader, detail::OperatorState& into) {
  const auto migration = migration_of(handle.schema, *into.spec().type);
  ByteWriter migrated;
  const auto read = [&](ByteReader& in, bool is_asked_for) {
    if (!migration) return into.restore_element(in, is_asked_for);
    migrated.clear();
    migration->run(in, migrated);
    if (!in.ok()) return;
    ByteReader element{migrated.view()};
    into.restore_element(element, is_asked_for);
    if (!element.ok()) in.fail();
  };
  return for_each_element(handle, first, count, reader, read);
}

}  // namespace weir::state
