// MapHandle: the map of the current key. In a store it is a cell that may know only some entries
// (backed_cells.hpp).
#pragma once

#include <weir/detail/state_handle.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// What a map of states lies in unless its owner knows better.
template <class K, class V>
using TreeMap = std::map<K, V>;

/// A handle of a map. Map<K, V> is what lies in memory, and is ordered; what is written is the same
/// whatever it is.
template <class K, class V, template <class, class> class Map = TreeMap>
class MapHandle : public StateHandle {
protected:
  MapHandle(StateOwner& owner, std::string_view name, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, life), life} {}

  const Map<K, V>& map() const { return expires() ? live_entries() : all<V>(); }

  const V* find_entry(const K& key) const {
    if (!expires()) return find<V>(key);
    const Expiring<V>* held = find<Expiring<V>>(key);
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) return take_expired(key, held->value);
    if (!touches_on_read() || held->touched == now()) return &held->value;
    put<Expiring<V>>(key, {now(), V(held->value)});
    return &find<Expiring<V>>(key)->value;
  }
  /// Returns an entry for a change, or null. Not of a map that expires.
  V* edit_entry(const K& key) const {
    if (find<V>(key) == nullptr) return nullptr;
    if (const BackedRows* rows = backed())
      return &this->template edit_cell<Backed<V>>().edit(key, rows->epoch(), rows->written());
    return &this->template edit_collection<Map<K, V>>().find(key)->second;
  }
  void put_entry(K key, V value) const {
    if (expires())
      put<Expiring<V>>(std::move(key), {now(), std::move(value)});
    else
      put<V>(std::move(key), std::move(value));
  }
  void remove_entry(const K& key) const { expires() ? remove<Expiring<V>>(key) : remove<V>(key); }
  void clear_map() const {
    const BackedRows* rows = backed();
    if (rows == nullptr)
      erase();
    else if (expires())
      this->template edit_cell<Backed<Expiring<V>>>().clear(rows->epoch());
    else
      this->template edit_cell<Backed<V>>().clear(rows->epoch());
  }

private:
  template <class E>
  using Backed = BackedMap<K, E, Map>;

  static StateSpec spec_of(std::string_view name, const std::optional<Ttl>& life) {
    if constexpr (has_codec<K>() && has_codec<V>())  // else an assertion has failed
      return life ? spec_of<Expiring<V>>(name) : spec_of<V>(name);
    return {};
  }
  template <class E>
  static StateSpec spec_of(std::string_view name) {
    StateSpec spec{std::string{name}, StateKind::map, &type_of<Cow<Map<K, E>>>(),
                   &backed_collection<Backed<E>>()};
    if constexpr (!std::is_same_v<E, V>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(static_cast<const Cow<Map<K, E>>*>(cell)->get(), dead);
      };
    return spec;
  }

  template <class E>
  const Map<K, E>& all() const {
    if (backed() == nullptr) return this->template read_collection<Map<K, E>>();
    Cow<Backed<E>>& held = this->template cell<Backed<E>>();
    if (!held.get().is_whole()) held.edit().load(place());
    return held.get().all();
  }
  template <class E>
  const E* find(const K& key) const {
    if (backed() == nullptr) {
      const auto& entries = all<E>();
      const auto at = entries.find(key);
      return at != entries.end() ? &at->second : nullptr;
    }
    Cow<Backed<E>>& held = this->template cell<Backed<E>>();
    if (!held.get().knows(key)) held.edit().load(key, place());
    return held.get().find(key);
  }
  template <class E>
  void put(K key, E value) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<Backed<E>>().put(std::move(key), std::move(value), rows->epoch(),
                                                rows->written());
    else
      this->template edit_collection<Map<K, E>>().insert_or_assign(std::move(key),
                                                                   std::move(value));
  }
  template <class E>
  void remove(const K& key) const {
    if (const BackedRows* rows = backed())
      return this->template edit_cell<Backed<E>>().remove(key, rows->epoch(), rows->written());
    const auto& entries = all<E>();
    if (!entries.contains(key)) return;
    if (entries.size() == 1) return erase();
    this->template edit_collection<Map<K, E>>().erase(key);
  }

  const V* take_expired(const K& key, const V& value) const {
    if (shows_expired()) expired_ = value;
    remove<Expiring<V>>(K{key});
    return shows_expired() ? &*expired_ : nullptr;
  }

  /// Drops what has expired, and copies the rest without its times.
  const Map<K, V>& live_entries() const {
    shown_.clear();
    std::vector<K> expired;
    std::vector<K> touched;
    for (const auto& [key, held] : all<Expiring<V>>()) {
      const bool lives = is_live(held, dead());
      if (lives || shows_expired()) shown_.emplace_hint(shown_.end(), key, held.value);
      if (!lives)
        expired.push_back(key);
      else if (touches_on_read() && held.touched != now())
        touched.push_back(key);
    }
    for (const K& key : expired) remove<Expiring<V>>(key);
    for (const K& key : touched) put<Expiring<V>>(key, {now(), shown_.find(key)->second});
    return shown_;
  }

  mutable std::optional<V> expired_;  // the last one, shown once more
  mutable Map<K, V> shown_;           // of maps that expire, the last one
};

}  // namespace weir::detail
