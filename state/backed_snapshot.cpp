#include "state/backed_snapshot.hpp"

#include "base/assert.hpp"
#include "state/migration.hpp"
#include "state/rocksdb/expiry_filter.hpp"
#include "state/row_blocks.hpp"
#include "state/row_reader.hpp"
#include "state/schema.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::state {
namespace {

using detail::StateKind;
using detail::StoreCursor;
using detail::StoreWrites;

constexpr std::size_t kWriteBytes = 1 << 20;  // changes of a store that are made at once

Schema parse(const std::string& text) {
  auto schema = Schema::parse(text);
  WEIR_ASSERT(schema.ok(), "a schema was not checked before");
  return std::move(schema).value();
}

/// Returns the column that a state has now; none: it is no longer declared.
std::optional<std::size_t> column_of(const StateDescription& written,
                                     const detail::KeyedState& into) {
  const auto& declared = into.specs();
  const auto at = std::find_if(declared.begin(), declared.end(),
                               [&](const auto& spec) { return spec.name == written.name; });
  if (at == declared.end()) return std::nullopt;
  return static_cast<std::size_t>(at - declared.begin());
}

/// Puts together the entries of one column that belong to a key.
class ColumnJoin {
public:
  ColumnJoin(const StateDescription& state, const Expiry& expiry,
             std::unique_ptr<StoreCursor> cursor)
      : kind_{state.kind}, schema_{parse(state.schema)}, cursor_{std::move(cursor)} {
    if (expiry.is_live == nullptr) return;
    dead_ = expiry.dead;
    expiry_.emplace(
        detail::StoreColumn{.is_list = kind_ == StateKind::list, .schema = state.schema});
  }

  StoreCursor& cursor() { return *cursor_; }

  /// Adds the value of the keys that begin with `prefix`, and goes behind them. Returns whether
  /// there was one that has not expired.
  bool append_value(std::string_view prefix, ByteWriter& out) {
    if (!cursor_->is_at(prefix)) return false;
    if (kind_ == StateKind::map) return append_map(prefix, out);
    const bool is_live = !has_expired();
    if (is_live && kind_ == StateKind::list)
      append_list(out);
    else if (is_live)
      out.put_raw(cursor_->value().data(), cursor_->value().size());
    cursor_->next();
    return is_live;
  }

private:
  bool has_expired() const { return expiry_ && expiry_->has_expired(cursor_->value(), dead_); }

  bool append_map(std::string_view prefix, ByteWriter& out) {
    ByteWriter entries;
    std::uint64_t count = 0;
    for (; cursor_->is_at(prefix); cursor_->next()) {
      if (has_expired()) continue;
      const std::string_view key = cursor_->key().substr(prefix.size());
      entries.put_raw(key.data(), key.size());
      entries.put_raw(cursor_->value().data(), cursor_->value().size());
      ++count;
    }
    if (count == 0) return false;
    out.put_varint(count);
    out.put_raw(entries.view().data(), entries.size());
    return true;
  }

  void append_list(ByteWriter& out) {
    ByteWriter elements;
    std::uint64_t count = 0;
    const std::string_view parts = cursor_->value();
    ByteReader in{parts};
    while (in.ok() && !in.at_end()) {
      const std::size_t n = in.get_count();
      count += n;
      for (std::size_t i = 0; i < n && in.ok(); ++i) {
        const std::string_view element = schema_.part(0).take(in);
        elements.put_raw(element.data(), element.size());
      }
    }
    if (!in.ok()) throw detail::StoreError{"the stored state holds a list that makes no sense"};
    out.put_varint(count);
    out.put_raw(elements.view().data(), elements.size());
  }

  StateKind kind_;
  Schema schema_;
  std::unique_ptr<StoreCursor> cursor_;
  std::optional<StoredExpiry> expiry_;
  std::int64_t dead_ = 0;
};

/// Walks over the keys of all columns at once, from the key group `begin` on.
class RowWalk {
public:
  RowWalk(const KeyedStateInfo& info, detail::StoreView& view, std::uint32_t begin = 0)
      : key_{parse(info.key_schema)} {
    for (std::size_t i = 0; i < info.states.size(); ++i)
      columns_.emplace_back(info.states[i], info.expiries[i],
                            view.cursor(i, detail::store_prefix(begin)));
  }

  /// Puts the next row into `out`; returns its key group, or nothing at the end.
  std::optional<std::uint32_t> next(ByteWriter& out) {
    while (const std::optional<std::string> prefix = next_prefix()) {
      out.clear();
      out.put_raw(prefix->data() + detail::kStoreGroupBytes,
                  prefix->size() - detail::kStoreGroupBytes);
      if (append_columns(*prefix, out)) return detail::store_group(*prefix);
    }
    return std::nullopt;
  }

private:
  /// Returns whether the row has any value that has not expired.
  bool append_columns(std::string_view prefix, ByteWriter& out) {
    const std::size_t bits_at = out.size();
    std::string bits((columns_.size() + 7) / 8, '\0');
    if (columns_.size() > 1) out.put_raw(bits.data(), bits.size());
    bool any = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!columns_[i].append_value(prefix, out)) continue;
      any = true;
      bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
    }
    if (columns_.size() > 1) out.overwrite(bits_at, bits.data(), bits.size());
    return any;
  }

  /// Returns the beginning that all keys of the next row have.
  std::optional<std::string> next_prefix() {
    std::optional<std::string_view> least;
    for (ColumnJoin& column : columns_) {
      StoreCursor& at = column.cursor();
      if (at.is_valid() && (!least || at.key() < *least)) least = at.key();
    }
    if (!least) return std::nullopt;
    ByteReader in{least->substr(detail::kStoreGroupBytes)};
    key_.skip(in);
    if (!in.ok()) throw detail::StoreError{"the stored state holds a key that makes no sense"};
    return std::string{least->substr(0, least->size() - in.remaining())};
  }

  Schema key_;
  std::vector<ColumnJoin> columns_;
};

/// Turns rows of a snapshot into entries of a store.
class RowSplit {
public:
  RowSplit(const KeyedStateHandle& handle, detail::KeyedState& into)
      : store_{into.backed()->store()}, key_{parse(handle.key_schema)} {
    for (const StateDescription& written : handle.states) {
      Column column{written.kind, parse(written.schema), column_of(written, into), {}};
      if (column.target)
        column.migration = migration_of(written.schema, *into.specs()[*column.target].type);
      if (column.migration) column.schema = parse(into.specs()[*column.target].type->schema);
      columns_.push_back(std::move(column));
    }
  }

  Status read_block(std::uint32_t group, std::string_view payload, const std::string& name) {
    ByteReader in{payload};
    while (in.ok() && !in.at_end()) read_row(group, in);
    if (!in.ok()) return {ErrorCode::corrupt, name + " holds a row that cannot be decoded"};
    if (writes_.bytes() >= kWriteBytes) flush();
    return {};
  }

  void flush() {
    if (writes_.size() != 0) store_.write(writes_);
    writes_.clear();
  }

private:
  struct Column {
    StateKind kind;
    Schema schema;                       // of the values that are put
    std::optional<std::size_t> target;   // column of the store; none: no longer declared
    std::optional<Migration> migration;  // if values cannot be put as they were written
  };

  void read_row(std::uint32_t group, ByteReader& in) {
    const std::string_view key = key_.take(in);
    std::string prefix = detail::store_prefix(group);
    prefix += key;
    const bool has_bits = columns_.size() > 1;
    const std::string_view bits = has_bits ? in.get_raw((columns_.size() + 7) / 8) : "\x01";
    for (std::size_t i = 0; i < columns_.size() && in.ok(); ++i) {
      if ((bits[i / 8] >> (i % 8) & 1) == 0) continue;
      const std::string_view value = value_of(columns_[i], in);
      if (in.ok() && columns_[i].target) put(columns_[i], prefix, value);
    }
  }

  /// Takes a value off the front of `in`; returns it in the form of today.
  std::string_view value_of(const Column& column, ByteReader& in) {
    if (!column.migration) return column.schema.take(in);
    migrated_.clear();
    column.migration->run(in, migrated_);
    return migrated_.view();
  }

  void put(const Column& column, std::string& prefix, std::string_view value) {
    if (column.kind != StateKind::map) return writes_.put(*column.target, prefix, value);
    ByteReader in{value};
    const std::size_t prefix_size = prefix.size();
    for (std::size_t n = in.get_count(); n != 0; --n) {
      prefix += column.schema.part(0).take(in);
      writes_.put(*column.target, prefix, column.schema.part(1).take(in));
      prefix.resize(prefix_size);
    }
  }

  detail::StateStore& store_;
  Schema key_;
  std::vector<Column> columns_;  // in the order of the handle
  StoreWrites writes_;
  ByteWriter migrated_;
};

/// A walk over what was written of a state, in the form of today. Keys stay as they are, and in
/// order.
class MigratedCursor final : public StoreCursor {
public:
  MigratedCursor(std::unique_ptr<StoreCursor> from, StoredMigration migration)
      : from_{std::move(from)}, migration_{std::move(migration)} {}

  bool is_at(std::string_view prefix) const override { return from_->is_at(prefix); }
  std::string_view key() const override { return from_->key(); }
  std::string_view value() const override {
    value_.clear();
    migration_.run(from_->value(), value_);
    return value_.view();
  }
  void next() override { from_->next(); }
  void seek(std::string_view key) override { from_->seek(key); }

private:
  std::unique_ptr<StoreCursor> from_;
  StoredMigration migration_;
  mutable ByteWriter value_;
};

}  // namespace

KeyedStateInfo info_of(const KeyedStateHandle& handle) {
  return {.operator_name = handle.operator_name,
          .key_schema = handle.key_schema,
          .max_parallelism = handle.max_parallelism,
          .states = handle.states,
          .expiries = std::vector<Expiry>(handle.states.size()),
          .types = {}};
}

Result<KeyedStateHandle> write_view(const KeyedStateInfo& info, detail::StoreView& view,
                                    StateFile& file) {
  KeyedStateHandle handle = empty_handle(info);
  RowBlocks blocks{file, handle};
  RowWalk walk{info, view};
  ByteWriter row;
  std::optional<std::uint32_t> group;
  for (auto next = walk.next(row); next && blocks.status().ok(); next = walk.next(row)) {
    if (next != group) blocks.begin_group(*next);
    group = next;
    blocks.row().put_raw(row.view().data(), row.size());
    blocks.end_row();
  }
  if (Status status = blocks.finish(); !status.ok()) return status;
  return handle;
}

Status read_into_store(const KeyedStateHandle& handle, StateReader& reader,
                       detail::KeyedState& into) {
  RowSplit rows{handle, into};
  for (const GroupSlice& slice : handle.groups) {
    if (!into.table().range().contains(slice.group)) continue;
    reader.seek(slice.offset, slice.size);
    while (!reader.at_end()) {
      auto payload = reader.next_block();
      if (!payload.ok()) return payload.status();
      Status status =
          rows.read_block(slice.group, *payload, "the state of " + handle.operator_name);
      if (!status.ok()) return status;
    }
  }
  rows.flush();
  return {};
}

namespace {

/// Returns a walk over the entries of a state from `begin` on, as they are to be.
std::unique_ptr<StoreCursor> entries_of(const StateDescription& written, detail::StoreView& view,
                                        std::size_t column, const detail::Type& type,
                                        std::string_view begin) {
  auto entries = view.cursor(column, begin);
  if (!migration_of(written.schema, type)) return entries;
  return std::make_unique<MigratedCursor>(std::move(entries), StoredMigration{written, type});
}

/// Copies entries from store to store.
void read_entries(const KeyedStateHandle& handle, detail::StoreView& view,
                  detail::KeyedState& into) {
  const detail::KeyGroupRange range = into.table().range();
  const std::string end = detail::store_prefix(range.end);
  for (std::size_t i = 0; i < handle.states.size(); ++i) {
    const auto target = column_of(handle.states[i], into);
    if (!target) continue;
    const auto from = entries_of(handle.states[i], view, i, *into.specs()[*target].type,
                                 detail::store_prefix(range.begin));
    into.backed()->store().add_sorted(*target, *from, end);
  }
}

}  // namespace

Status read_view(const KeyedStateHandle& handle, detail::StoreView& view,
                 detail::KeyedState& into) {
  if (into.backed() != nullptr) {
    read_entries(handle, view, into);
    return {};
  }
  const detail::KeyGroupRange range = into.table().range();
  RowWalk walk{info_of(handle), view, range.begin};
  RowReader rows{handle, into};
  ByteWriter row;
  for (auto group = walk.next(row); group && *group < range.end; group = walk.next(row)) {
    Status status = rows.read_block(row.view(), "the state of " + handle.operator_name);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace weir::state
