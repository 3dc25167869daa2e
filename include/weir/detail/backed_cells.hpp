// What rows in memory hold for the columns of a StateStore.
//
// A value is held as it is. A list or a map is held in part: what was added or asked for, so that
// neither is read or written whole for the sake of one element.
//
// Everything that changes has a stamp, the epoch in which it changed last. Epochs are cut off by
// snapshots: epoch n has been written to the store when `written` >= n. Stamp 0 is "not known
// here", 1 "as in the store".
#pragma once

#include <weir/detail/cow.hpp>
#include <weir/detail/state_store.hpp>
#include <weir/detail/type.hpp>

#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::detail {

/// Where one column of one row lies in the store.
struct StorePlace {
  StateStore& store;
  std::size_t column;
  std::string_view prefix;  // of all its keys
};

/// How cells of one column are made and written.
struct BackedColumn {
  const Type* cell;        // has neither `encode` nor `decode` unless it is a value
  bool loads_itself;       // begins empty and reads by itself what it is asked for
  void (*make)(void* at);  // constructs an empty cell, if it loads itself
  /// Adds what has changed after epoch `written` to `out`; null `cell`: there is no value.
  void (*save)(const void* cell, std::uint32_t written, std::size_t column, std::string_view prefix,
               StoreWrites& out);
};

/// Type with everything but a codec.
template <class T>
const Type& cell_type_of() {
  static const Type type = memory_type_of<T>();
  return type;
}

/// A column of plain values.
template <class T>
const BackedColumn& backed_value() {
  static const BackedColumn backed{.cell = &type_of<T>(),
                                   .loads_itself = false,
                                   .make = nullptr,
                                   .save = [](const void* cell, std::uint32_t, std::size_t column,
                                              std::string_view prefix, StoreWrites& out) {
                                     if (cell == nullptr) return out.erase(column, prefix);
                                     ByteWriter value;
                                     detail::encode<T>(*static_cast<const T*>(cell), value);
                                     out.put(column, prefix, value.view());
                                   }};
  return backed;
}

/// A list, of which the store has the older elements. Stored as a sequence of parts: a count, and
/// as many elements.
template <class T>
class BackedList {
public:
  const std::vector<T>& all() const { return elements_; }
  bool is_whole() const { return is_whole_; }

  /// Reads what is not here yet.
  void load(const StorePlace& at, std::uint32_t written) {
    std::vector<T> whole = read(at);
    const std::size_t stored = whole.size();
    const std::size_t known = count_at(written);  // of these, the store has all
    whole.insert(whole.end(),
                 std::make_move_iterator(elements_.begin() + static_cast<std::ptrdiff_t>(known)),
                 std::make_move_iterator(elements_.end()));
    elements_ = std::move(whole);
    std::vector<End> ends{{1, stored}};
    for (const End& end : ends_) {
      if (end.epoch > written) ends.push_back({end.epoch, end.count - known + stored});
    }
    ends_ = std::move(ends);
    is_whole_ = true;
  }

  void add(T element, std::uint32_t epoch) {
    elements_.push_back(std::move(element));
    if (ends_.empty() || ends_.back().epoch != epoch) ends_.push_back({epoch, 0});
    ends_.back().count = elements_.size();
  }
  void set(std::vector<T> elements, std::uint32_t epoch) {
    elements_ = std::move(elements);
    replaced_ = epoch;
    is_whole_ = true;
    ends_ = {{epoch, elements_.size()}};
  }

  void save(std::uint32_t written, std::size_t column, std::string_view prefix,
            StoreWrites& out) const {
    if (replaced_ > written) {
      if (elements_.empty()) return out.erase(column, prefix);
      out.put(column, prefix, encode_from(0));
    } else if (const std::size_t known = count_at(written); known < elements_.size()) {
      out.append(column, prefix, encode_from(known));
    }
  }

private:
  struct End {
    std::uint32_t epoch;
    std::size_t count;  // of elements at the end of the epoch
  };

  static std::vector<T> read(const StorePlace& at) {
    std::vector<T> elements;
    std::string bytes;
    if (!at.store.get(at.column, at.prefix, bytes)) return elements;
    ByteReader in{bytes};
    while (in.ok() && !in.at_end()) {
      for (std::size_t n = in.get_count(); n != 0 && in.ok(); --n)
        elements.push_back(detail::decode<T>(in));
    }
    if (!in.ok()) throw StoreError{"the stored state holds a list that cannot be decoded"};
    return elements;
  }

  /// Returns how many of the elements had been there at the end of `epoch`.
  std::size_t count_at(std::uint32_t epoch) const {
    std::size_t count = 0;
    for (const End& end : ends_) {
      if (end.epoch <= epoch) count = end.count;
    }
    return count;
  }

  Bytes encode_from(std::size_t first) const {
    ByteWriter out;
    out.put_varint(elements_.size() - first);
    for (std::size_t i = first; i < elements_.size(); ++i) detail::encode<T>(elements_[i], out);
    return out.take();
  }

  std::vector<T> elements_;
  std::vector<End> ends_;  // ascending; as far as a snapshot may still ask for them
  bool is_whole_ = false;  // else elements_ follow what is stored
  std::uint32_t replaced_ = 0;
};

/// A map, of which the entries that were put or asked for are here. Each entry is one of the store.
template <class K, class V, template <class, class> class Map>
class BackedMap {
public:
  const Map<K, V>& all() const { return entries_; }
  bool is_whole() const { return is_whole_; }

  /// Whether `find` knows the answer without the store.
  bool knows(const K& key) const {
    return is_whole_ || entries_.contains(key) || changed_.contains(key);
  }
  const V* find(const K& key) const {
    const auto at = entries_.find(key);
    return at != entries_.end() ? &at->second : nullptr;
  }

  /// Reads one entry that is not known here.
  void load(const K& key, const StorePlace& at) {
    std::string bytes;
    if (!at.store.get(at.column, key_of(key, at.prefix), bytes)) {
      changed_.emplace(key, 1);  // known not to be there
      return;
    }
    ByteReader in{bytes};
    V value = detail::decode<V>(in);
    check(in);
    entries_.emplace(key, std::move(value));
  }
  /// Reads all entries that are not known here.
  void load(const StorePlace& at) {
    const auto cursor = at.store.cursor(at.column, at.prefix);
    for (; cursor->is_at(at.prefix); cursor->next()) {
      ByteReader in_key{cursor->key().substr(at.prefix.size())};
      ByteReader in{cursor->value()};
      K key = detail::decode<K>(in_key);
      V value = detail::decode<V>(in);
      check(in_key);
      check(in);
      if (!changed_.contains(key)) entries_.emplace(std::move(key), std::move(value));
    }
    is_whole_ = true;
  }

  /// `written` tells which changes need be remembered no longer.
  void put(K key, V value, std::uint32_t epoch, std::uint32_t written) {
    note(key, epoch, written);
    entries_.insert_or_assign(std::move(key), std::move(value));
  }
  /// Returns an entry, which must be here, for a change.
  V& edit(const K& key, std::uint32_t epoch, std::uint32_t written) {
    note(key, epoch, written);
    return entries_.find(key)->second;
  }
  void remove(const K& key, std::uint32_t epoch, std::uint32_t written) {
    if (is_whole_ && !entries_.contains(key)) return;
    note(key, epoch, written);
    entries_.erase(key);
  }
  void clear(std::uint32_t epoch) {
    entries_.clear();
    changed_.clear();
    cleared_ = epoch;
    is_whole_ = true;
  }

  void save(std::uint32_t written, std::size_t column, std::string_view prefix,
            StoreWrites& out) const {
    if (cleared_ > written) out.erase_prefix(column, prefix);
    ByteWriter bytes;
    for (const auto& [key, epoch] : changed_) {
      if (epoch <= written) continue;
      const auto at = entries_.find(key);
      if (at == entries_.end()) {
        out.erase(column, key_of(key, prefix));
        continue;
      }
      bytes.clear();
      detail::encode<V>(at->second, bytes);
      out.put(column, key_of(key, prefix), bytes.view());
    }
  }

private:
  static Bytes key_of(const K& key, std::string_view prefix) {
    ByteWriter out;
    out.put_raw(prefix.data(), prefix.size());
    detail::encode<K>(key, out);
    return out.take();
  }
  static void check(const ByteReader& in) {
    if (!in.ok() || !in.at_end())
      throw StoreError{"the stored state holds an entry of a map that cannot be decoded"};
  }

  void note(const K& key, std::uint32_t epoch, std::uint32_t written) {
    if (epoch != newest_) {
      erase_if(changed_, [written](const auto& change) { return change.second <= written; });
      newest_ = epoch;
    }
    changed_.insert_or_assign(key, epoch);
  }

  Map<K, V> entries_;
  Map<K, std::uint32_t> changed_;  // when entries were put or removed; 1: known to be absent
  std::uint32_t newest_ = 0;       // epoch of the newest change
  std::uint32_t cleared_ = 0;
  bool is_whole_ = false;
};

/// A column of lists or maps.
template <class Collection>
const BackedColumn& backed_collection() {
  static const BackedColumn backed{
      .cell = &cell_type_of<Cow<Collection>>(),
      .loads_itself = true,
      .make = [](void* at) { ::new (at) Cow<Collection>(); },
      .save =
          [](const void* cell, std::uint32_t written, std::size_t column, std::string_view prefix,
             StoreWrites& out) {
            static_cast<const Cow<Collection>*>(cell)->get().save(written, column, prefix, out);
          }};
  return backed;
}

}  // namespace weir::detail
