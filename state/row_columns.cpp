#include "state/row_columns.hpp"

#include "base/assert.hpp"
#include "state/backed_snapshot.hpp"
#include "state/row_blocks.hpp"
#include "state/row_schema.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::state {
namespace {

/// Cuts rows into the bytes of their key and of the values that stay.
class RowCutter {
public:
  /// `kept` says of each written state which number it has from now on; none: it is dropped.
  RowCutter(RowSchema schema, std::vector<std::optional<std::size_t>> kept, std::size_t states)
      : schema_{std::move(schema)}, kept_{std::move(kept)}, values_(states) {}

  /// Reads a row; returns whether anything stays of it.
  bool read(ByteReader& in) {
    bool any = false;
    values_.assign(values_.size(), std::nullopt);
    schema_.read(
        in, [&](const Schema& key) { key_ = key.take(in); },
        [&](std::size_t i, const Schema& value) {
          const std::string_view bytes = value.take(in);
          if (!kept_[i]) return;
          values_[*kept_[i]] = bytes;
          any = true;
        });
    return any && in.ok();
  }

  void write(ByteWriter& out) const {
    out.put_raw(key_.data(), key_.size());
    std::string bits((values_.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
    }
    if (values_.size() > 1) out.put_raw(bits.data(), bits.size());
    for (const auto& value : values_) {
      if (value) out.put_raw(value->data(), value->size());
    }
  }

private:
  RowSchema schema_;
  std::vector<std::optional<std::size_t>> kept_;
  std::string_view key_;
  std::vector<std::optional<std::string_view>> values_;  // of the states that stay
};

}  // namespace

Result<KeyedStateHandle> drop_columns(const KeyedStateHandle& handle, StateReader& reader,
                                      const std::set<std::string>& dropped, StateFile& file) {
  auto schema = RowSchema::of(handle);
  if (!schema.ok()) return schema.status();
  KeyedStateInfo info = info_of(handle);
  info.states.clear();
  std::vector<std::optional<std::size_t>> kept;
  for (const StateDescription& state : handle.states) {
    const bool stays = !dropped.contains(state.name);
    kept.push_back(stays ? std::optional{info.states.size()} : std::nullopt);
    if (stays) info.states.push_back(state);
  }
  WEIR_ASSERT(!info.states.empty(), "an operator without states has no rows");

  RowCutter row{std::move(schema).value(), std::move(kept), info.states.size()};
  KeyedStateHandle written = empty_handle(info);
  RowBlocks blocks{file, written};
  std::optional<std::uint32_t> group;
  const Status read = for_each_row(handle, reader, [&](ByteReader& in, RowPlace place) {
    if (!row.read(in)) return;
    if (group != place.group) blocks.begin_group(place.group);
    group = place.group;
    row.write(blocks.row());
    blocks.end_row();
  });
  if (!read.ok()) return read;
  if (Status status = blocks.finish(); !status.ok()) return status;
  return written;
}

}  // namespace weir::state
