// KeyedState: the declared states of one operator on one subtask, positioned on the current key.
// State handles (weir/state.hpp) reach their values through it.
//
// The rows in memory are all there is, or a cache of what lies in a store (backed_rows.hpp). In the
// first case a row exists while it has a value; in the second, while it is worth keeping.
#pragma once

#include <weir/detail/backed_rows.hpp>
#include <weir/detail/row_table.hpp>
#include <weir/time.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::detail {

/// Which operations a state offers. On disk: do not change.
enum class StateKind : std::uint8_t { value = 1, list = 2, map = 3, reducing = 4, aggregating = 5 };

/// One declared state.
struct StateSpec {
  std::string name;
  StateKind kind;
  const Type* type;            // of the column
  const BackedColumn* backed;  // the column if rows are a cache
  std::int64_t ttl_ms = 0;     // how long what it holds lives; 0: for ever
  /// Whether anything of a value of `type` was touched after `dead`, in milliseconds since 1970;
  /// null if it lives for ever.
  bool (*is_live)(const void* cell, std::int64_t dead) = nullptr;
  bool holds_timers = false;  // the engine's own, under a name that jobs may not use
};

/// What a store must know of the columns of states.
std::vector<StoreColumn> store_columns(const std::vector<StateSpec>& specs);

/// See the file comment. `column` is the index of a state in the order of declaration.
class KeyedState {
public:
  /// `opened.store` is null if rows in memory are all there is.
  KeyedState(RowLayout layout, KeyGroupRange range, std::uint32_t max_parallelism,
             std::vector<StateSpec> specs, StateBackend::Opened opened);
  virtual ~KeyedState() = default;

  /// Null if rows in memory are all there is.
  BackedRows* backed() { return backed_.get(); }

  /// Returns the value of the current key, or null. Valid until the next change of any state.
  const void* read(std::size_t column) {
    if (backed_) return read_backed(column);
    if (access_ == Access::unknown) look_up();
    return access_ != Access::absent && layout().has(row_, column) ? at(column) : nullptr;
  }

  /// Returns the value of the current key for writing, or null.
  void* edit(std::size_t column) {
    if (backed_) return edit_backed(column);
    if (access_ != Access::writable) look_up_writable();
    return access_ != Access::absent && layout().has(row_, column) ? at(column) : nullptr;
  }

  /// Returns where the value of the current key lies, and whether one is there. If not, the caller
  /// must construct it at once.
  std::pair<void*, bool> claim(std::size_t column) {
    if (backed_) return claim_backed(column);
    bool is_new_row = false;
    if (access_ != Access::writable) is_new_row = insert();
    const bool present = !is_new_row && layout().has(row_, column);
    layout().mark(row_, column, true);
    return {at(column), present};
  }

  /// Destroys the value of the current key, if any.
  void clear(std::size_t column) {
    if (backed_) return clear_backed(column);
    void* value = edit(column);
    if (value == nullptr) return;
    if (layout().presence_bytes == 0) {
      erase_row();
      return;
    }
    layout().columns[column].type->destroy(value);
    layout().mark(row_, column, false);
    may_be_empty_ = true;
  }

  /// Leaves the current key; a row that lost its last value goes.
  void leave() {
    if (may_be_empty_ && access_ == Access::writable && layout().is_empty(row_)) erase_row();
    may_be_empty_ = false;
    access_ = Access::unknown;
  }

  /// For columns that load themselves, of a backed state: where the current key's entries lie.
  StorePlace place(std::size_t column) { return backed_->place_of(row_, hash(), column); }

  /// Makes the state empty, before its first use.
  void clear_all() {
    table_.clear();
    if (backed_) backed_->clear_store();
  }
  /// Destroys everything: nobody needs the state any more.
  void drop() { backed_ ? backed_->drop() : table_.clear(); }

  /// Whether any state has a Ttl.
  bool expires() const { return has_ttl_; }
  /// The time by which state expires, in milliseconds since 1970. It goes on only between batches.
  std::int64_t time() const { return time_; }
  void set_time(WallTime now) {
    time_ = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    if (backed_ && has_ttl_) backed_->store().set_time(time_);
  }
  /// Looks at about `rows` rows in memory, each time at others, and drops what has expired of them.
  /// No key may be current. Of a backed state it does nothing.
  void expire(std::size_t rows) {
    if (has_ttl_) drop_expired(rows);
  }
  /// There is always a snapshot that sees most rows: `expire` no longer waits for its end.
  void stay_frozen() { stays_frozen_ = true; }

  const std::vector<StateSpec>& specs() const { return specs_; }
  RowTable& table() { return table_; }
  const RowTable& table() const { return table_; }

  /// For restore: reads a key, to be followed by `insert_restored`.
  virtual void read_restored_key(ByteReader& in) = 0;
  /// For restore: returns a row for the key just read and whether it is new; the caller constructs
  /// at least one column.
  virtual std::pair<char*, bool> insert_restored() = 0;

protected:
  enum class Access : std::uint8_t { unknown, absent, readable, writable };

  virtual const char* find_row() = 0;
  virtual char* find_writable_row() = 0;
  virtual std::pair<char*, bool> upsert_row() = 0;
  virtual std::uint64_t hash() const = 0;

private:
  const RowLayout& layout() const { return table_.layout(); }
  char* at(std::size_t column) const { return row_ + layout().columns[column].offset; }

  void look_up() {
    row_ = const_cast<char*>(find_row());  // written to only when access_ is writable
    access_ = row_ == nullptr ? Access::absent : Access::readable;
  }
  void look_up_writable() {
    if (access_ == Access::absent) return;
    row_ = find_writable_row();
    access_ = row_ == nullptr ? Access::absent : Access::writable;
  }
  bool insert() {
    bool is_new = false;
    std::tie(row_, is_new) = upsert_row();
    access_ = Access::writable;
    return is_new;
  }
  void erase_row() {
    table_.erase(hash(), row_);
    row_ = nullptr;
    access_ = Access::absent;
  }

  void drop_expired(std::size_t rows);
  bool has_expired(const char* row) const;
  bool drop_expired_columns(char* row);
  void* read_backed(std::size_t column);
  void* edit_backed(std::size_t column);
  std::pair<void*, bool> claim_backed(std::size_t column);
  void clear_backed(std::size_t column);
  void use_row() {
    if (access_ != Access::writable) insert();
    layout().used(row_) = 1;
  }

  RowTable table_;
  std::unique_ptr<BackedRows> backed_;
  std::vector<StateSpec> specs_;
  bool has_ttl_ = false;
  bool stays_frozen_ = false;
  std::int64_t time_ = 0;
  std::uint32_t expire_group_ = 0;  // how far `expire` has come
  std::size_t expire_cursor_ = 0;
  char* row_ = nullptr;  // of the current key, as far as access_ says
  Access access_ = Access::unknown;
  bool may_be_empty_ = false;  // a column of the current row was cleared
};

/// KeyedState with keys of type K.
template <Key K>
class KeyedStateOf final : public KeyedState {
public:
  KeyedStateOf(KeyGroupRange range, std::uint32_t max_parallelism, std::vector<StateSpec> specs,
               StateBackend::Opened opened = {})
      : KeyedState{layout_of(specs, opened.store != nullptr), range, max_parallelism,
                   std::move(specs), std::move(opened)} {}

  /// Makes `key` the current one; it must stay alive until `leave`.
  void enter(std::uint64_t hash, const K& key) {
    leave();
    hash_ = hash;
    key_ = &key;
  }

  /// Makes no key the current one: whoever uses a state then gets std::logic_error.
  void enter_none() {
    leave();
    key_ = nullptr;
  }

  /// The current key. Throws std::logic_error if there is none.
  const K& key() const {
    if (key_ == nullptr)
      throw std::logic_error{
          "state of a key is used where no key is handled, as in on_broadcast; keep there what all "
          "keys share, in a ReadOnlyBroadcastState"};
    return *key_;
  }
  std::uint64_t hash() const override { return hash_; }

  /// Of a backed state: makes room for the rows of a batch from `begin` to `end`, and reads
  /// together what is known to be read from them. `key_at(i)` is the key of record i. No key may be
  /// current.
  template <class KeyAt>
  void load_ahead(const std::vector<std::uint64_t>& hashes, std::size_t begin, std::size_t end,
                  KeyAt&& key_at) {
    BackedRows& rows = *backed();
    rows.keep_budget();
    for (std::size_t column = 0; column < specs().size(); ++column) {
      if (!rows.is_read(column)) continue;
      for (std::size_t i = begin; i < end; ++i)
        rows.note(table().upsert(hashes[i], key_at(i)).first, hashes[i], column, i);
      rows.read_noted(column,
                      [&](std::size_t i) { return table().find_writable(hashes[i], key_at(i)); });
    }
  }

  /// Calls `f(key)` for each key that may have something in `column`, in any order; that key is the
  /// current one meanwhile, and none is afterwards. No key may be current before.
  template <class F>
  void for_each_key(std::size_t column, F&& f) {
    constexpr std::size_t kAtOnce = 128;  // keys whose rows are made room for, and read together
    for (std::uint32_t g = 0; g < table().range().size(); ++g) {
      const std::vector<K> keys = keys_of(table().range().begin + g, column);
      std::vector<std::uint64_t> hashes;
      for (const K& key : keys) hashes.push_back(hash_of(key));
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (backed() != nullptr && i % kAtOnce == 0) {
          leave();
          load_ahead(hashes, i, std::min(i + kAtOnce, keys.size()),
                     [&](std::size_t k) -> const K& { return keys[k]; });
        }
        enter(hashes[i], keys[i]);
        f(keys[i]);
      }
      enter_none();
    }
  }

  void read_restored_key(ByteReader& in) override { restored_key_ = weir::decode<K>(in); }
  std::pair<char*, bool> insert_restored() override {
    return table().upsert(hash_of(*restored_key_), *restored_key_);
  }

protected:
  const char* find_row() override { return table().find(hash_, key()); }
  char* find_writable_row() override { return table().find_writable(hash_, key()); }
  std::pair<char*, bool> upsert_row() override { return table().upsert(hash_, key()); }

private:
  /// The keys of a group that have a row in memory, or something in `column` of the store.
  std::vector<K> keys_of(std::uint32_t group, std::size_t column) {
    std::vector<K> keys;
    std::size_t cursor = 0;
    do {
      cursor = table().visit_page(group, cursor, [&](const char* row) {
        keys.push_back(*static_cast<const K*>(static_cast<const void*>(row)));
      });
    } while (cursor != 0);
    if (backed() != nullptr) add_stored(group, column, keys);
    return keys;
  }

  void add_stored(std::uint32_t group, std::size_t column, std::vector<K>& keys) {
    const std::size_t in_memory = keys.size();
    const std::string prefix{static_cast<char>(group >> 8), static_cast<char>(group & 0xff)};
    const auto stored = backed()->store().cursor(column, prefix);
    for (; stored->is_valid() && stored->key().starts_with(prefix); stored->next()) {
      ByteReader in{stored->key().substr(kStoreGroupBytes)};
      K key = weir::decode<K>(in);
      // Entries of a collection lie side by side.
      const bool is_known = keys.size() > in_memory && keys.back() == key;
      if (!is_known && table().find(hash_of(key), key) == nullptr) keys.push_back(std::move(key));
    }
  }

  static RowLayout layout_of(const std::vector<StateSpec>& specs, bool is_backed) {
    std::vector<const Type*> types;
    types.reserve(specs.size());
    for (const StateSpec& spec : specs) types.push_back(is_backed ? spec.backed->cell : spec.type);
    return RowLayout::of<K>(types, is_backed);
  }

  std::uint64_t hash_ = 0;
  const K* key_ = nullptr;
  std::optional<K> restored_key_;
};

}  // namespace weir::detail
