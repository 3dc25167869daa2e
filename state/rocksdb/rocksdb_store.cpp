#include "state/rocksdb/rocksdb_store.hpp"

#include "base/assert.hpp"
#include "base/paths.hpp"
#include "state/rocksdb/expiry_filter.hpp"

#include <rocksdb/sst_file_writer.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace weir::state {
namespace {

using detail::StoreWrites;

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// Returns the least key that is greater than all that begin with `prefix`. Prefixes begin with a
/// key group, so they are never all 0xff.
std::string end_of(std::string_view prefix) {
  std::string end{prefix};
  while (end.back() == '\xff') end.pop_back();
  ++end.back();
  return end;
}

/// In order of keys, which RocksDB takes faster, as long as that changes nothing: what concerns one
/// key stays in the order given, and that of a prefix concerns many.
std::vector<std::size_t> order_of(const StoreWrites& writes) {
  std::vector<std::size_t> order(writes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_of_prefix = [&](std::size_t i) {
    return writes[i].kind == StoreWrites::Kind::erase_prefix;
  };
  if (std::any_of(order.begin(), order.end(), is_of_prefix)) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto left = writes[a];
    const auto right = writes[b];
    return left.column != right.column ? left.column < right.column : left.key < right.key;
  });
  return order;
}

/// How the column families of a store are opened.
std::vector<rocksdb::ColumnFamilyDescriptor> families_of(
    const rocksdb::Options& options, const std::vector<detail::StoreColumn>& columns,
    const std::shared_ptr<std::atomic<std::int64_t>>& now) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    rocksdb::ColumnFamilyOptions family{options};
    if (columns[i].ttl_ms != 0)
      family.compaction_filter_factory = make_expiry_filter(columns[i], now);
    families.emplace_back(i == 0 ? rocksdb::kDefaultColumnFamilyName : std::to_string(i), family);
  }
  return families;
}

class Cursor final : public detail::StoreCursor {
public:
  /// `directory` is for messages, and must outlive the cursor.
  Cursor(std::unique_ptr<rocksdb::Iterator> at, const std::string& directory, std::string_view from)
      : directory_{directory}, at_{std::move(at)} {
    Cursor::seek(from);
  }

  bool is_at(std::string_view prefix) const override {
    return at_->Valid() && view_of(at_->key()).starts_with(prefix);
  }
  std::string_view key() const override { return view_of(at_->key()); }
  std::string_view value() const override { return view_of(at_->value()); }
  void next() override {
    at_->Next();
    check_rocksdb(at_->status(), directory_, "read");
  }
  void seek(std::string_view key) override {
    at_->Seek(slice(key));
    check_rocksdb(at_->status(), directory_, "read");
  }

private:
  const std::string& directory_;
  std::unique_ptr<rocksdb::Iterator> at_;
};

/// For a walk over everything.
rocksdb::ReadOptions walk_options() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // it would drive out what is in use
  options.readahead_size = 2 << 20;
  return options;
}

/// A copy of a store, opened for reading.
class CopyView final : public detail::StoreView {
public:
  CopyView(const rocksdb::Options& options, std::unique_ptr<RocksDbDirectory> directory,
           const std::vector<detail::StoreColumn>& columns)
      : directory_{std::move(directory)} {
    std::vector<detail::StoreColumn> plain = columns;
    for (detail::StoreColumn& column : plain) column.ttl_ms = 0;  // nothing is merged here
    rocksdb::DB* db = nullptr;
    check_rocksdb(
        rocksdb::DB::OpenForReadOnly(options, directory_->path(),
                                     families_of(options, plain, nullptr), &columns_, &db),
        directory_->path(), "opened");
    db_.reset(db);
  }
  CopyView(const CopyView&) = delete;
  CopyView& operator=(const CopyView&) = delete;
  ~CopyView() override {
    for (rocksdb::ColumnFamilyHandle* column : columns_) db_->DestroyColumnFamilyHandle(column);
  }

  std::unique_ptr<detail::StoreCursor> cursor(std::size_t column, std::string_view from) override {
    return std::make_unique<Cursor>(
        std::unique_ptr<rocksdb::Iterator>{db_->NewIterator(walk_options(), columns_[column])},
        directory_->path(), from);
  }

private:
  std::unique_ptr<RocksDbDirectory> directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> columns_;
};

}  // namespace

class RocksDbStore::View final : public detail::StoreView {
public:
  explicit View(RocksDbStore& store) : store_{store}, snapshot_{store.db_->GetSnapshot()} {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  ~View() override { store_.db_->ReleaseSnapshot(snapshot_); }

  std::unique_ptr<detail::StoreCursor> cursor(std::size_t column, std::string_view from) override {
    rocksdb::ReadOptions options = walk_options();
    options.snapshot = snapshot_;
    return store_.cursor(options, column, from);
  }

private:
  RocksDbStore& store_;
  const rocksdb::Snapshot* snapshot_;
};

RocksDbStore::RocksDbStore(const rocksdb::Options& options,
                           std::unique_ptr<RocksDbDirectory> directory,
                           MakeDirectory make_directory, std::vector<detail::StoreColumn> columns)
    : directory_{std::move(directory)},
      make_directory_{std::move(make_directory)},
      described_{std::move(columns)},
      now_{std::make_shared<std::atomic<std::int64_t>>(0)},
      options_{options} {
  options_.create_if_missing = true;
  options_.create_missing_column_families = true;
  open();
}

RocksDbStore::~RocksDbStore() {
  close();
}

void RocksDbStore::open() {
  auto families = families_of(options_, described_, now_);
  add_surplus(families);
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(options_, directory_->path(), families, &columns_, &db), "opened");
  db_.reset(db);
  drop_surplus();
}

/// Adds what the files have and nobody asks for, without which RocksDB does not open them.
void RocksDbStore::add_surplus(std::vector<rocksdb::ColumnFamilyDescriptor>& families) const {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options_, directory_->path(), &names).ok()) return;  // new
  for (const std::string& name : names) {
    const auto has_name = [&](const auto& family) { return family.name == name; };
    if (std::none_of(families.begin(), families.end(), has_name))
      families.emplace_back(name, rocksdb::ColumnFamilyOptions{options_});
  }
}

/// The order of timers: nobody would keep it up to date.
void RocksDbStore::drop_surplus() {
  for (; columns_.size() > described_.size(); columns_.pop_back()) {
    check(db_->DropColumnFamily(columns_.back()), "changed");
    db_->DestroyColumnFamilyHandle(columns_.back());
  }
}

void RocksDbStore::close() {
  if (db_ == nullptr) return;
  if (held_ != nullptr) db_->ReleaseSnapshot(std::exchange(held_, nullptr));
  for (rocksdb::ColumnFamilyHandle* column : columns_) db_->DestroyColumnFamilyHandle(column);
  columns_.clear();
  db_.reset();
}

void RocksDbStore::check(const rocksdb::Status& status, const char* what) const {
  check_rocksdb(status, directory_->path(), what);
}

rocksdb::ReadOptions RocksDbStore::read_options() const {
  rocksdb::ReadOptions options;
  options.snapshot = held_;
  return options;
}

bool RocksDbStore::get(std::size_t column, std::string_view key, std::string& value) {
  const rocksdb::Status status = db_->Get(read_options(), columns_[column], slice(key), &value);
  if (status.IsNotFound()) return false;
  check(status, "read");
  return true;
}

void RocksDbStore::get_many(std::size_t column, const std::vector<std::string_view>& keys,
                            std::vector<std::optional<std::string>>& values) {
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const std::string_view key : keys) slices.push_back(slice(key));
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(read_options(), columns_[column], keys.size(), slices.data(), found.data(),
                statuses.data());
  values.assign(keys.size(), std::nullopt);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    check(statuses[i], "read");
    values[i] = found[i].ToString();
  }
}

std::unique_ptr<detail::StoreCursor> RocksDbStore::cursor(std::size_t column,
                                                          std::string_view from) {
  return cursor(read_options(), column, from);
}

std::unique_ptr<detail::StoreCursor> RocksDbStore::cursor(const rocksdb::ReadOptions& options,
                                                          std::size_t column,
                                                          std::string_view from) {
  return std::make_unique<Cursor>(
      std::unique_ptr<rocksdb::Iterator>{db_->NewIterator(options, columns_[column])},
      directory_->path(), from);
}

void RocksDbStore::write(const StoreWrites& writes) {
  rocksdb::WriteBatch batch;
  for (const std::size_t i : order_of(writes)) {
    const auto write = writes[i];
    rocksdb::ColumnFamilyHandle* column = columns_[write.column];
    switch (write.kind) {
      case StoreWrites::Kind::put: batch.Put(column, slice(write.key), slice(write.value)); break;
      case StoreWrites::Kind::append:
        batch.Merge(column, slice(write.key), slice(write.value));
        break;
      case StoreWrites::Kind::erase: batch.Delete(column, slice(write.key)); break;
      case StoreWrites::Kind::erase_prefix:
        batch.DeleteRange(column, slice(write.key), slice(end_of(write.key)));
        break;
    }
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  check(db_->Write(options, &batch), "written");
}

void RocksDbStore::hold() {
  WEIR_ASSERT(held_ == nullptr, "a store was held twice");
  held_ = db_->GetSnapshot();
}

void RocksDbStore::release() {
  db_->ReleaseSnapshot(std::exchange(held_, nullptr));
}

std::unique_ptr<detail::StoreView> RocksDbStore::view() {
  return std::make_unique<View>(*this);
}

/// By hard links.
detail::StoreCopy RocksDbStore::copy() {
  rocksdb::Checkpoint* made = nullptr;
  check(rocksdb::Checkpoint::Create(db_.get(), &made), "copied");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint{made};
  auto directory = make_directory_();
  check(checkpoint->CreateCheckpoint(directory->path()), "copied");
  detail::StoreCopy copy;
  copy.files = directory->files();
  copy.directory = std::move(directory);
  return copy;
}

void RocksDbStore::adopt(std::unique_ptr<detail::StoreDirectory> directory) {
  WEIR_ASSERT(held_ == nullptr, "a store in use was replaced");
  close();
  directory_.reset(&dynamic_cast<RocksDbDirectory&>(*directory.release()));
  open();
}

/// By whole files, past the write buffer: each is written once, and lies where it belongs at once.
void RocksDbStore::add_sorted(std::size_t column, detail::StoreCursor& from, std::string_view end) {
  const std::string path = base::join_path(directory_->path(), "added");
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  while (from.is_valid() && from.key() < end) {
    write_table(column, from, end, path);
    check(db_->IngestExternalFile(columns_[column], {path}, options), "written");
  }
}

/// Writes a file of the usual size.
void RocksDbStore::write_table(std::size_t column, detail::StoreCursor& from, std::string_view end,
                               const std::string& path) const {
  rocksdb::SstFileWriter table{rocksdb::EnvOptions{}, options_, columns_[column]};
  check(table.Open(path), "written");
  while (from.is_valid() && from.key() < end && table.FileSize() < options_.target_file_size_base) {
    check(table.Put(slice(from.key()), slice(from.value())), "written");
    from.next();
  }
  check(table.Finish(), "written");
}

void RocksDbStore::keep(std::string_view begin, std::string_view end) {
  constexpr std::string_view kLast = "\xff";  // no key group is so large
  rocksdb::WriteBatch batch;
  for (rocksdb::ColumnFamilyHandle* column : columns_) {
    batch.DeleteRange(column, slice({}), slice(begin));
    batch.DeleteRange(column, slice(end), slice(kLast));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  check(db_->Write(options, &batch), "written");
}

std::unique_ptr<detail::StoreView> open_copy(const rocksdb::Options& options,
                                             std::unique_ptr<RocksDbDirectory> directory,
                                             const std::vector<detail::StoreColumn>& columns) {
  return std::make_unique<CopyView>(options, std::move(directory), columns);
}

}  // namespace weir::state
