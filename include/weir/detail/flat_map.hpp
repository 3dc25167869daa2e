// FlatMap: a map in one piece of memory, for keys that come about in ascending order and go in that
// order, such as the panes of windows. Then what is asked for lies at its end, or next to what was
// asked for last; a node of a std::map costs 48 bytes more, and each step to it a cache miss.
//
// Structure: a sorted vector, whose first entries may be gone already: they are taken out when they
// are half of it, so that removing the first one costs constant time on average. Entries anywhere
// else cost time in proportion to those behind them.
#pragma once

#include <weir/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace weir::detail {

/// See the file comment. What it has in common with std::map means the same, but each change makes
/// all iterators invalid.
template <class K, class V>
class FlatMap {
  using Entries = std::vector<std::pair<K, V>>;

public:
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<K, V>;
  using iterator = typename Entries::iterator;
  using const_iterator = typename Entries::const_iterator;

  FlatMap() = default;
  FlatMap(const FlatMap& other) : entries_(other.begin(), other.end()) {}
  FlatMap(FlatMap&& other) noexcept
      : entries_{std::move(other.entries_)}, gone_{std::exchange(other.gone_, 0)} {}
  FlatMap& operator=(FlatMap other) noexcept {
    std::swap(entries_, other.entries_);
    std::swap(gone_, other.gone_);
    return *this;
  }
  ~FlatMap() = default;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return entries_.size() - gone_; }
  const_iterator begin() const { return entries_.begin() + static_cast<std::ptrdiff_t>(gone_); }
  const_iterator end() const { return entries_.end(); }

  const_iterator lower_bound(const K& key) const {
    if (empty() || entries_.back().first < key) return end();
    return std::partition_point(begin(), end(),
                                [&](const value_type& entry) { return entry.first < key; });
  }
  const_iterator upper_bound(const K& key) const {
    const auto at = lower_bound(key);
    return at != end() && !(key < at->first) ? at + 1 : at;
  }
  const_iterator find(const K& key) const {
    if (!empty() && !(entries_.back().first < key) && !(key < entries_.back().first))
      return end() - 1;
    const auto at = lower_bound(key);
    return at != end() && !(key < at->first) ? at : end();
  }
  iterator find(const K& key) { return mutable_at(std::as_const(*this).find(key)); }
  bool contains(const K& key) const { return find(key) != end(); }

  /// Adds an entry unless there is one.
  void emplace(K key, V value) {
    const auto at = lower_bound(key);
    if (at == end() || key < at->first) entries_.emplace(at, std::move(key), std::move(value));
  }
  void insert_or_assign(K key, V value) {
    const auto at = mutable_at(lower_bound(key));
    if (at == entries_.end() || key < at->first)
      entries_.emplace(at, std::move(key), std::move(value));
    else
      at->second = std::move(value);
  }
  /// The same; `hint` is of no use here.
  void emplace_hint(const_iterator, K key, V value) { emplace(std::move(key), std::move(value)); }

  void erase(const K& key) {
    const auto at = mutable_at(std::as_const(*this).find(key));
    if (at == entries_.end()) return;
    if (at != mutable_at(begin())) {
      entries_.erase(at);
      return;
    }
    [[maybe_unused]] const V dropped = std::move(at->second);  // what it owns goes now
    if (++gone_ * 2 <= entries_.size()) return;
    entries_.erase(entries_.begin(), mutable_at(begin()));
    gone_ = 0;
  }
  void clear() {
    entries_.clear();
    gone_ = 0;
  }

  /// Removes the entries for which `f(entry)` is true.
  template <class F>
  friend void erase_if(FlatMap& map, const F& f) {
    map.entries_.erase(map.entries_.begin(), map.mutable_at(map.begin()));
    map.gone_ = 0;
    std::erase_if(map.entries_, f);
  }

private:
  iterator mutable_at(const_iterator at) { return entries_.begin() + (at - entries_.cbegin()); }

  Entries entries_;
  std::size_t gone_ = 0;  // of the first entries
};

/// Encoded as a std::map is.
template <class K, class V>
struct BuiltIn<FlatMap<K, V>> : MapCodec<FlatMap<K, V>, K, V> {};

}  // namespace weir::detail
