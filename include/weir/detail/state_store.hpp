// StateStore: keyed state that lies outside of the rows in memory, as sorted bytes.
//
// One store holds the state of one operator on one subtask. Each column (declared state) is a map
// from bytes to bytes in ascending order. Keys begin with the key group (2 bytes, big endian) and
// the encoded key of the operator; entries of maps go on with their own encoded key. No encoded key
// is the beginning of another, so that all entries of one key have one prefix.
#pragma once

#include <weir/bytes.hpp>
#include <weir/env.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// What a column holds.
struct StoreColumn {
  bool is_list = false;     // its values are parts: counts, and as many elements each
  std::string schema = {};  // of its values as in a snapshot
  std::int64_t ttl_ms = 0;  // how long a value, entry or element lives; it begins with its time; 0:
                            // for ever
  bool holds_timers = false;
};

inline constexpr std::size_t kStoreGroupBytes = 2;  // of a key: its key group

/// What all keys of a key group begin with.
inline std::string store_prefix(std::uint32_t group) {
  return {static_cast<char>(group >> 8), static_cast<char>(group)};
}

/// Returns the key group of a key.
inline std::uint32_t store_group(std::string_view key) {
  return static_cast<std::uint32_t>(static_cast<std::uint8_t>(key[0])) << 8 |
         static_cast<std::uint8_t>(key[1]);
}

/// The store cannot be read or written; fails the subtask. The text names the place and the cure.
class StoreError final : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Changes of a store, in the order in which they are to be made.
class StoreWrites {
public:
  enum class Kind : std::uint8_t { put, append, erase, erase_prefix };

  struct Write {
    Kind kind;
    std::uint32_t column;
    std::string_view key;
    std::string_view value;
  };

  void put(std::size_t column, std::string_view key, std::string_view value) {
    add(Kind::put, column, key, value);
  }
  /// Adds to the end of what is there.
  void append(std::size_t column, std::string_view key, std::string_view value) {
    add(Kind::append, column, key, value);
  }
  void erase(std::size_t column, std::string_view key) { add(Kind::erase, column, key, {}); }
  /// Removes all keys that begin with `prefix`.
  void erase_prefix(std::size_t column, std::string_view prefix) {
    add(Kind::erase_prefix, column, prefix, {});
  }

  std::size_t size() const { return entries_.size(); }
  /// Memory taken, roughly.
  std::size_t bytes() const { return text_.size() + entries_.size() * sizeof(Entry); }
  Write operator[](std::size_t i) const {
    const Entry& e = entries_[i];
    const std::string_view text{text_};
    return {e.kind, e.column, text.substr(e.at, e.key_size),
            text.substr(e.at + e.key_size, e.value_size)};
  }
  void clear() {
    entries_.clear();
    text_.clear();
  }

private:
  struct Entry {
    std::size_t at;  // of the key in text_; the value follows
    std::size_t key_size;
    std::size_t value_size;
    std::uint32_t column;
    Kind kind;
  };

  void add(Kind kind, std::size_t column, std::string_view key, std::string_view value) {
    entries_.push_back(
        {text_.size(), key.size(), value.size(), static_cast<std::uint32_t>(column), kind});
    text_.append(key).append(value);
  }

  std::vector<Entry> entries_;
  std::string text_;
};

/// A walk over the keys of a column in ascending order. Everything may throw StoreError.
class StoreCursor {
public:
  virtual ~StoreCursor() = default;

  /// Whether there is a key here, and it begins with `prefix`.
  virtual bool is_at(std::string_view prefix) const = 0;
  bool is_valid() const { return is_at({}); }
  // Valid until the next call of `next`.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void next() = 0;
  /// Goes to the first key that is not less than `key`.
  virtual void seek(std::string_view key) = 0;
};

/// A store as it was when this was made; may be read on any one thread. Must not outlive the store.
class StoreView {
public:
  virtual ~StoreView() = default;

  /// Begins at the first key that is not less than `from`.
  virtual std::unique_ptr<StoreCursor> cursor(std::size_t column, std::string_view from) = 0;
};

/// A directory for the files of one store, on the disk of its process; goes with this object.
class StoreDirectory {
public:
  virtual ~StoreDirectory() = default;

  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& name) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> open(const std::string& name) = 0;
  /// Gives the file at `path`, which must never change again, the name `name` in this directory.
  /// Returns whether it has it now: not if the file is on another disk, or on one without links.
  virtual bool link(const std::string& path, const std::string& name) = 0;
};

/// A file of a copied store.
struct StoreFile {
  std::string name;
  std::uint64_t size = 0;
  /// Every copy of the same store that has a file of this name has the same file.
  bool is_immutable = false;
};

/// A store as it was, in the form that only stores of its kind can read.
struct StoreCopy {
  std::unique_ptr<StoreDirectory> directory;
  std::vector<StoreFile> files;
};

/// A file of a store that lies in a checkpoint.
struct StoredFile {
  std::string path;  // where an Env finds it
  std::uint64_t size = 0;
  std::uint32_t crc = 0;  // CRC32C of all of it
};

/// By their names in the store.
using StoredFiles = std::map<std::string, StoredFile>;

/// See the file comment. Everything may throw StoreError. Reads may run beside one writer.
class StateStore {
public:
  virtual ~StateStore() = default;

  /// Reads the value of `key` into `value`; returns whether there is one.
  virtual bool get(std::size_t column, std::string_view key, std::string& value) = 0;

  /// Reads many at once: `values[i]` is what `keys[i]` has, if anything.
  virtual void get_many(std::size_t column, const std::vector<std::string_view>& keys,
                        std::vector<std::optional<std::string>>& values) = 0;

  /// Begins at the first key that is not less than `from`. The cursor must not outlive the store.
  virtual std::unique_ptr<StoreCursor> cursor(std::size_t column, std::string_view from) = 0;

  /// Makes changes. If it throws, some may have been made, and the store is of no more use.
  virtual void write(const StoreWrites& writes) = 0;

  /// Says what time it is, in milliseconds since 1970: what has expired by then may go.
  virtual void set_time(std::int64_t now) = 0;

  /// Until `release`, reads find what is there now, whatever is written meanwhile.
  virtual void hold() = 0;
  virtual void release() = 0;

  /// Returns what is there now, also between `hold` and `release`.
  virtual std::unique_ptr<StoreView> view() = 0;
  /// The same as files.
  virtual StoreCopy copy() = 0;

  /// Takes a complete copy of a store of the same kind and with the same columns for its own, in
  /// place of what it holds. Nothing may be using the store.
  virtual void adopt(std::unique_ptr<StoreDirectory> directory) = 0;
  /// Adds many entries to a column, which has none of their keys: all that `from` meets before
  /// `end`.
  virtual void add_sorted(std::size_t column, StoreCursor& from, std::string_view end) = 0;
  /// Drops the keys less than `begin`, and those not less than `end`.
  virtual void keep(std::string_view begin, std::string_view end) = 0;
};

}  // namespace weir::detail
