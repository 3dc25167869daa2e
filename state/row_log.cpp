#include "state/row_log.hpp"

#include "base/paths.hpp"
#include "state/row_diff.hpp"
#include "state/row_encoding.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::state {
namespace {

using detail::RowLayout;

/// What the log says of the keys of a group in the end: their rows, or that they have none.
/// Ordered: who reads rows of a checkpoint one by one goes on where he was.
using Newest = std::map<std::string, std::optional<Bytes>, std::less<>>;

Result<StateReader> open_stream(Env& env, const std::string& path) {
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  return StateReader{std::move(file).value(), path};
}

const GroupSlice* find_group(const std::vector<GroupSlice>& groups, std::uint32_t group) {
  const auto at =
      std::lower_bound(groups.begin(), groups.end(), group,
                       [](const GroupSlice& s, std::uint32_t g) { return s.group < g; });
  return at != groups.end() && at->group == group ? &*at : nullptr;
}

/// Moves `in` behind a row; returns its key and all of its bytes.
struct RowBytes {
  std::string_view key;
  std::string_view all;
};
RowBytes take_row(const RowSchema& schema, std::string_view block, ByteReader& in) {
  RowBytes row;
  const std::size_t begin = block.size() - in.remaining();
  schema.read(
      in, [&](const Schema& key) { row.key = key.take(in); },
      [&](std::size_t, const Schema& value) { value.skip(in); });
  row.all = block.substr(begin, block.size() - in.remaining() - begin);
  return row;
}

/// Calls `read(in, block)` until all blocks of the slice are read.
template <class Read>
Status for_each_entry(StateReader& reader, const GroupSlice& slice, const std::string& what,
                      Read read) {
  reader.seek(slice.offset, slice.size);
  while (!reader.at_end()) {
    const std::uint64_t offset = reader.offset();
    auto block = reader.next_block();
    if (!block.ok()) return block.status();
    ByteReader in{*block};
    while (in.ok() && !in.at_end()) read(in, *block);
    if (!in.ok())
      return {ErrorCode::corrupt, what +
                                      " holds an entry that cannot be decoded, in the block at "
                                      "byte " +
                                      std::to_string(offset)};
  }
  return {};
}

Status read_segment(StateReader& reader, const GroupSlice& slice, const std::string& path,
                    const RowSchema& schema, Newest& newest) {
  return for_each_entry(reader, slice, path, [&](ByteReader& in, std::string_view block) {
    switch (static_cast<LogEntry>(in.get<std::uint8_t>())) {
      case LogEntry::gone: newest[std::string{schema.key.take(in)}] = std::nullopt; return;
      case LogEntry::row: {
        const RowBytes row = take_row(schema, block, in);
        newest[std::string{row.key}] = Bytes{row.all};
        return;
      }
    }
    in.fail();
  });
}

void put_row(std::string_view row, RowBlocks& blocks) {
  blocks.row().put_raw(row.data(), row.size());
  blocks.end_row();
}

}  // namespace

Result<LogSegment> write_changes(const KeyedStateInfo& info, const RowVersions& versions,
                                 StateFile& file) {
  KeyedStateHandle changes;
  RowBlocks blocks{file, changes};
  const RowLayout& layout = versions.newer.layout();
  const auto put = [&](LogEntry entry) { blocks.row().put(static_cast<std::uint8_t>(entry)); };
  const auto put_gone = [&](const char* row) {
    put(LogEntry::gone);
    encode_key(layout, row, blocks.row());
    blocks.end_row();
  };
  ByteWriter live;
  const detail::KeyGroupRange range = versions.newer.range();
  for (std::uint32_t group = range.begin; group < range.end; ++group) {
    blocks.begin_group(group);
    const RowDiff diff = diff_rows(versions.older, versions.newer, group);
    for (const char* row : diff.gone) put_gone(row);
    for (const char* row : diff.put) {
      live.clear();
      if (!encode_live_row(layout, info.expiries, row, live)) {
        put_gone(row);
        continue;
      }
      put(LogEntry::row);
      put_row(live.view(), blocks);
    }
    if (!blocks.status().ok()) return blocks.status();
  }
  if (Status status = blocks.finish(); !status.ok()) return status;
  LogSegment segment;
  segment.groups = std::move(changes.groups);
  return segment;
}

Result<LoggedRows> LoggedRows::open(const KeyedStateHandle& handle, Env& env,
                                    const std::string& directory) {
  auto schema = RowSchema::of(handle);
  if (!schema.ok()) return schema.status();
  if (handle.path.empty())  // the base was of no rows
    return LoggedRows{handle, std::move(schema).value(),
                      StateReader{handle.inlined, "the metadata"}, env, directory};
  auto base = open_stream(env, base::join_path(directory, handle.path));
  if (!base.ok()) return base.status();
  return LoggedRows{handle, std::move(schema).value(), std::move(base).value(), env, directory};
}

Status LoggedRows::write(std::uint32_t group, RowBlocks& blocks) {
  Newest newest;
  for (const LogSegment& segment : handle_->log) {
    const GroupSlice* slice = find_group(segment.groups, group);
    if (slice == nullptr) continue;
    auto stream = open_stream(*env_, base::join_path(*directory_, segment.path));
    if (!stream.ok()) return stream.status();
    Status status = read_segment(*stream, *slice, segment.path, schema_, newest);
    if (!status.ok()) return status;
  }
  blocks.begin_group(group);
  if (const GroupSlice* slice = find_group(handle_->groups, group)) {
    const Status status =
        for_each_entry(base_, *slice, handle_->path, [&](ByteReader& in, std::string_view block) {
          const RowBytes row = take_row(schema_, block, in);
          if (in.ok() && !newest.contains(row.key)) put_row(row.all, blocks);
        });
    if (!status.ok()) return status;
  }
  for (const auto& [key, row] : newest) {
    if (row) put_row(*row, blocks);
  }
  return blocks.status();
}

Result<KeyedStateHandle> write_logged_rows(const KeyedStateHandle& handle, Env& env,
                                           const std::string& directory, StateFile& file) {
  auto rows = LoggedRows::open(handle, env, directory);
  if (!rows.ok()) return rows.status();
  KeyedStateHandle written = handle;
  written.path.clear();
  written.groups.clear();
  written.log.clear();
  written.rows = 0;
  written.is_linked = false;
  RowBlocks blocks{file, written};
  for (const GroupSlice& slice : handle.groups) {
    if (Status status = rows->write(slice.group, blocks); !status.ok()) return status;
  }
  if (Status status = blocks.finish(); !status.ok()) return status;
  return written;
}

Status read_logged_rows(const KeyedStateHandle& handle, Env& env, const std::string& directory,
                        detail::KeyedState& into) {
  auto rows = LoggedRows::open(handle, env, directory);
  if (!rows.ok()) return rows.status();
  KeyedStateHandle one = handle;  // key group after key group
  one.log.clear();
  for (const GroupSlice& slice : handle.groups) {
    if (!into.table().range().contains(slice.group)) continue;
    one.groups.clear();
    StateFile stream{env, {}, std::numeric_limits<std::size_t>::max()};
    RowBlocks blocks{stream, one};
    Status status = rows->write(slice.group, blocks);
    if (status.ok()) status = blocks.finish();
    if (status.ok()) status = stream.finish();
    if (!status.ok()) return status;
    const Bytes bytes = stream.take_inlined();
    StateReader reader{bytes, base::join_path(directory, handle.path) + " with its log"};
    status = read_rows(one, reader, into);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace weir::state
