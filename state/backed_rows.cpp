#include "base/assert.hpp"

#include <weir/detail/backed_rows.hpp>

#include <algorithm>

namespace weir::detail {
namespace {

constexpr std::size_t kRowsLeast = 64;        // in memory, however small the budget
constexpr std::size_t kWriteBytes = 1 << 20;  // changes that are written at once
constexpr std::uint32_t kAsStored = 1;

}  // namespace

BackedRows::BackedRows(RowTable& table, std::vector<const BackedColumn*> columns,
                       StateBackend::Opened opened)
    : table_{table},
      columns_{std::move(columns)},
      is_read_(columns_.size(), false),
      store_{std::move(opened.store)},
      budget_{opened.cache_bytes},
      timers_max_{opened.timers_max},
      rows_max_{0},
      hand_group_{table.range().begin} {
  resize_budget(0);
}

void BackedRows::store_timers(std::size_t column) {
  if (timers_max_ == 0) return;
  const StoredTimers::Columns columns{column, columns_.size() + timers_.size()};
  timers_.push_back(std::make_unique<StoredTimers>(*store_, columns, table_.range(), timers_max_));
}

StoredTimers* BackedRows::timers(std::size_t column) {
  const auto at = std::find_if(timers_.begin(), timers_.end(), [column](const auto& timers) {
    return timers->columns().rows == column;
  });
  return at != timers_.end() ? at->get() : nullptr;
}

/// Adapts how many rows fit to the size of values that were met.
void BackedRows::resize_budget(std::size_t value_bytes) {
  constexpr double kWeightOfNew = 0.01;
  value_bytes_ += (static_cast<double>(value_bytes) - value_bytes_) * kWeightOfNew;
  const double slots_per_row = 1.5;  // pages are two thirds full on average
  const double row = static_cast<double>(layout().stride) * slots_per_row + value_bytes_;
  rows_max_ = std::max(kRowsLeast, static_cast<std::size_t>(static_cast<double>(budget_) / row));
}

void BackedRows::set_prefix(const char* row, std::uint64_t hash, ByteWriter& out) const {
  const std::uint32_t group = key_position(hash, table_.max_parallelism()).group;
  out.clear();
  out.put(static_cast<std::uint8_t>(group >> 8));
  out.put(static_cast<std::uint8_t>(group));
  layout().key->encode(row, out);
}

StorePlace BackedRows::place_of(const char* row, std::uint64_t hash, std::size_t column) {
  set_prefix(row, hash, prefix_);
  return {*store_, column, prefix_.view()};
}

void BackedRows::load(char* row, std::uint64_t hash, std::size_t column) {
  if (columns_[column]->loads_itself) {
    columns_[column]->make(row + layout().columns[column].offset);
    layout().mark(row, column, true);
  } else {
    is_read_[column] = true;
    set_prefix(row, hash, prefix_);
    if (store_->get(column, prefix_.view(), value_)) put_value(row, column, value_);
  }
  layout().set_stamp(row, column, kAsStored);
}

void BackedRows::put_value(char* row, std::size_t column, std::string_view bytes) {
  const auto& [type, offset] = layout().columns[column];
  ByteReader in{bytes};
  type->decode(in, row + offset);  // constructs a value even from damaged bytes
  layout().mark(row, column, true);
  if (!in.ok() || !in.at_end())
    throw StoreError{"the stored state holds a value that cannot be decoded"};
  if (type->packed == 0) resize_budget(bytes.size());
}

/// The stamp keeps a row from being noted twice.
void BackedRows::note(char* row, std::uint64_t hash, std::size_t column, std::size_t i) {
  layout().used(row) = 1;
  if (layout().stamp(row, column) != 0) return;
  layout().set_stamp(row, column, kAsStored);
  set_prefix(row, hash, prefix_);
  noted_.push_back({i, prefix_.size()});
  noted_keys_ += prefix_.view();
}

void BackedRows::get_noted(std::size_t column) {
  std::vector<std::string_view> keys;
  keys.reserve(noted_.size());
  std::size_t at = 0;
  for (const Noted& noted : noted_) {
    keys.push_back(std::string_view{noted_keys_}.substr(at, noted.key_size));
    at += noted.key_size;
  }
  store_->get_many(column, keys, values_);
}

/// Adds the changes of a row after epoch `written`; returns whether there were any.
bool BackedRows::save(const char* row, std::uint32_t written, StoreWrites& writes) const {
  bool any = false;
  ByteWriter prefix;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (layout().stamp(row, i) <= std::max(written, kAsStored)) continue;
    if (!any) set_prefix(row, layout().hash_key(row), prefix);
    any = true;
    const char* cell = layout().has(row, i) ? row + layout().columns[i].offset : nullptr;
    columns_[i]->save(cell, written, i, prefix.view(), writes);
  }
  return any;
}

bool BackedRows::may_go(char* row, StoreWrites& writes) {
  char& used = layout().used(row);
  if (used != 0) {
    used = 0;
    return false;
  }
  if (cuts_ != 0) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (layout().stamp(row, i) > written_) return false;
    }
    return true;
  }
  const std::size_t before = writes.bytes();
  if (save(row, written_, writes)) resize_budget(writes.bytes() - before);
  return true;
}

void BackedRows::evict() {
  const std::size_t wanted = rows_max_ - rows_max_ / 8;  // a sweep in one place sorts better
  StoreWrites writes;
  // Twice round: the first time every row may have been used. Then all that can go has gone.
  std::size_t groups_left = 2 * table_.range().size() + 1;
  while (table_.rows() > wanted && groups_left != 0) {
    hand_cursor_ = table_.prune_page(hand_group_, hand_cursor_,
                                     [&](char* row) { return may_go(row, writes); });
    if (hand_cursor_ == 0) {
      --groups_left;
      if (++hand_group_ == table_.range().end) hand_group_ = table_.range().begin;
    }
    if (writes.bytes() >= kWriteBytes) {
      store_->write(writes);
      writes.clear();
    }
  }
  if (writes.size() != 0) store_->write(writes);
}

void BackedRows::flush_timers() {
  for (const auto& timers : timers_) {
    if (timers->is_full()) timers->flush();
  }
}

RowsCut BackedRows::cut() {
  if (cuts_++ == 0) store_->hold();
  RowsCut cut{table_.freeze(), epoch_++, written_};
  for (const auto& timers : timers_) cut.timers.push_back(timers->cut());
  return cut;
}

void BackedRows::write(const RowsCut& cut) const {
  StoreWrites writes;
  for (std::uint32_t group = cut.rows.range().begin; group < cut.rows.range().end; ++group) {
    cut.rows.for_each(group, [&](const char* row) {
      save(row, cut.written, writes);
      if (writes.bytes() < kWriteBytes) return;
      store_->write(writes);
      writes.clear();
    });
  }
  if (writes.size() != 0) store_->write(writes);
  for (std::size_t i = 0; i < timers_.size(); ++i) timers_[i]->write(*cut.timers[i]);
}

void BackedRows::on_written(const RowsCut& cut) {
  WEIR_ASSERT(cut.written == written_, "snapshots were written in another order than made");
  written_ = cut.epoch;
  for (const auto& timers : timers_) timers->on_written();
  store_->release();
  if (--cuts_ != 0) store_->hold();  // the later ones must not see each other's changes, either
}

void BackedRows::clear_store() {
  StoreWrites writes;
  for (std::uint32_t group = table_.range().begin; group < table_.range().end; ++group) {
    const std::string prefix = store_prefix(group);
    for (std::size_t i = 0; i < columns_.size() + timers_.size(); ++i)
      writes.erase_prefix(i, prefix);
  }
  store_->write(writes);
}

void BackedRows::drop() {
  table_.clear();
  is_dropped_ = true;
}

}  // namespace weir::detail
