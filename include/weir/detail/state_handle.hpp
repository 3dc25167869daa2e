// What the kinds of state handles have in common: how each reaches the value, list or map of the
// current key, wherever that lies, and however long it lives.
#pragma once

#include <weir/detail/cow.hpp>
#include <weir/detail/expiring.hpp>
#include <weir/detail/keyed_state.hpp>
#include <weir/ttl.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
class StateHandle;

/// Ends the process: a state handle was used outside of a key.
[[noreturn]] void fail_unbound_state(const std::string& name);
}  // namespace detail

/// Base of everything that declares state: knows its handles and connects them to the engine.
class StateOwner {
public:
  StateOwner() = default;
  StateOwner(const StateOwner&) = delete;
  StateOwner& operator=(const StateOwner&) = delete;

  /// For the engine: what has been declared, in order.
  std::vector<detail::StateSpec> declared_states() const;
  /// For the engine: lets all handles work on `state`.
  void bind_states(detail::KeyedState& state);

protected:
  ~StateOwner() = default;

private:
  friend class detail::StateHandle;
  std::vector<detail::StateHandle*> handles_;
};

namespace detail {

/// See the file comment. Like a pointer: what a handle shows may be changed through a const one.
class StateHandle {
public:
  StateHandle(StateOwner& owner, StateSpec spec, std::optional<Ttl> life)
      : spec_{std::move(spec)}, life_{life}, column_{owner.handles_.size()} {
    if (life_)
      spec_.ttl_ms = std::chrono::duration_cast<std::chrono::milliseconds>(life_->after).count();
    owner.handles_.push_back(this);
  }
  StateHandle(const StateHandle&) = delete;
  StateHandle& operator=(const StateHandle&) = delete;

  const StateSpec& spec() const { return spec_; }
  void bind(KeyedState& state) { state_ = &state; }

protected:
  ~StateHandle() = default;

  bool expires() const { return life_.has_value(); }
  bool shows_expired() const {
    return life_->visibility == Ttl::Visibility::return_expired_if_not_cleaned_up;
  }
  bool touches_on_read() const { return life_->update == Ttl::Update::on_read_and_write; }
  /// What was touched then or before has expired.
  std::int64_t dead() const { return now() - spec_.ttl_ms; }
  std::int64_t now() const { return state().time(); }

  template <class T>
  const T* read() const {
    return static_cast<const T*>(state().read(column_));
  }
  template <class T>
  T* edit() const {
    return static_cast<T*>(state().edit(column_));
  }
  template <class T>
  void write(T value) const {
    const auto [at, present] = state().claim(column_);
    if (present)
      *static_cast<T*>(at) = std::move(value);
    else
      ::new (at) T(std::move(value));
  }
  void erase() const { state().clear(column_); }

  /// Returns the collection of the current key for writing; an empty one is made if there is none.
  template <class T>
  T& edit_collection() const {
    const auto [at, present] = state().claim(column_);
    if (!present) ::new (at) Cow<T>();
    return static_cast<Cow<T>*>(at)->edit();
  }
  template <class T>
  const T& read_collection() const {
    static const T empty{};
    const auto* held = read<Cow<T>>();
    return held != nullptr ? held->get() : empty;
  }

  /// Null if the rows in memory are all there is. If not, a collection is a cell (backed_cells.hpp)
  /// that knows a part of it.
  const BackedRows* backed() const { return state().backed(); }
  StorePlace place() const { return state().place(column_); }

  /// Returns the current key's cell, to be read or completed.
  template <class Cell>
  Cow<Cell>& cell() const {
    return *static_cast<Cow<Cell>*>(const_cast<void*>(state().read(column_)));
  }
  /// Returns the current key's cell, to be changed.
  template <class Cell>
  Cell& edit_cell() const {
    return static_cast<Cow<Cell>*>(state().edit(column_))->edit();
  }

private:
  KeyedState& state() const {
    if (state_ == nullptr) fail_unbound_state(spec_.name);
    return *state_;
  }

  StateSpec spec_;
  std::optional<Ttl> life_;
  std::size_t column_;
  KeyedState* state_ = nullptr;
};

/// A handle of one value.
template <class T>
class ValueHandle : public StateHandle {
protected:
  ValueHandle(StateOwner& owner, std::string_view name, StateKind kind, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, kind, life), life} {}

  const T* find_value() const {
    if (!expires()) return this->template read<T>();
    const auto* held = this->template read<Expiring<T>>();
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) return take_expired(held->value);
    if (!touches_on_read() || held->touched == now()) return &held->value;
    auto* touched = this->template edit<Expiring<T>>();
    touched->touched = now();
    return &touched->value;
  }

  /// Returns the value for a change, or null.
  T* edit_value() const {
    if (!expires()) return this->template edit<T>();
    auto* held = this->template edit<Expiring<T>>();
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) {
      erase();
      return nullptr;
    }
    held->touched = now();
    return &held->value;
  }

  void put_value(T value) const {
    if (expires())
      this->template write<Expiring<T>>({now(), std::move(value)});
    else
      this->template write<T>(std::move(value));
  }

private:
  static StateSpec spec_of(std::string_view name, StateKind kind, const std::optional<Ttl>& life) {
    if constexpr (has_codec<T>())  // else an assertion has failed, which says enough
      return life ? spec_of<Expiring<T>>(name, kind) : spec_of<T>(name, kind);
    return {};
  }
  template <class Cell>
  static StateSpec spec_of(std::string_view name, StateKind kind) {
    StateSpec spec{std::string{name}, kind, &type_of<Cell>(), &backed_value<Cell>()};
    if constexpr (!std::is_same_v<Cell, T>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(*static_cast<const Cell*>(cell), dead);
      };
    return spec;
  }

  const T* take_expired(const T& value) const {
    if (shows_expired()) expired_ = value;
    erase();
    return shows_expired() ? &*expired_ : nullptr;
  }

  mutable std::optional<T> expired_;  // the last one, shown once more
};

/// A handle of a list.
template <class T>
class ListHandle : public StateHandle {
protected:
  ListHandle(StateOwner& owner, std::string_view name, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, life), life} {}

  const std::vector<T>& list() const { return expires() ? live_elements() : elements<T>(); }
  void add_element(T element) const {
    if (expires())
      push<Expiring<T>>({now(), std::move(element)});
    else
      push<T>(std::move(element));
  }
  void set_list(std::vector<T> list) const {
    if (!expires()) return replace<T>(std::move(list));
    std::vector<Expiring<T>> held;
    held.reserve(list.size());
    for (T& element : list) held.push_back({now(), std::move(element)});
    replace<Expiring<T>>(std::move(held));
  }

private:
  static StateSpec spec_of(std::string_view name, const std::optional<Ttl>& life) {
    if constexpr (has_codec<T>())  // else an assertion has failed, which says enough
      return life ? spec_of<Expiring<T>>(name) : spec_of<T>(name);
    return {};
  }
  template <class E>
  static StateSpec spec_of(std::string_view name) {
    StateSpec spec{std::string{name}, StateKind::list, &type_of<Cow<std::vector<E>>>(),
                   &backed_collection<BackedList<E>>()};
    if constexpr (!std::is_same_v<E, T>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(static_cast<const Cow<std::vector<E>>*>(cell)->get(), dead);
      };
    return spec;
  }

  template <class E>
  const std::vector<E>& elements() const {
    const BackedRows* rows = backed();
    if (rows == nullptr) return this->template read_collection<std::vector<E>>();
    Cow<BackedList<E>>& held = this->template cell<BackedList<E>>();
    if (!held.get().is_whole()) held.edit().load(place(), rows->written());
    return held.get().all();
  }
  template <class E>
  void push(E element) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<BackedList<E>>().add(std::move(element), rows->epoch());
    else
      this->template edit_collection<std::vector<E>>().push_back(std::move(element));
  }
  template <class E>
  void replace(std::vector<E> list) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<BackedList<E>>().set(std::move(list), rows->epoch());
    else if (list.empty())
      erase();
    else
      this->template edit_collection<std::vector<E>>() = std::move(list);
  }

  /// Drops what has expired, and copies the rest without its times.
  const std::vector<T>& live_elements() const {
    const auto& held = elements<Expiring<T>>();
    shown_.clear();
    std::vector<Expiring<T>> live;
    for (const Expiring<T>& element : held) {
      const bool lives = is_live(element, dead());
      if (lives || shows_expired()) shown_.push_back(element.value);
      if (lives) live.push_back({touches_on_read() ? now() : element.touched, element.value});
    }
    const bool touch = touches_on_read() && is_live_before_now(held);
    if (live.size() != held.size() || touch) replace<Expiring<T>>(std::move(live));
    return shown_;
  }
  bool is_live_before_now(const std::vector<Expiring<T>>& held) const {
    return std::any_of(held.begin(), held.end(),
                       [this](const auto& element) { return element.touched != now(); });
  }

  mutable std::vector<T> shown_;  // of lists that expire, the last one
};

/// A handle of a map.
template <class K, class V>
class MapHandle : public StateHandle {
protected:
  MapHandle(StateOwner& owner, std::string_view name, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, life), life} {}

  const std::map<K, V>& map() const { return expires() ? live_entries() : all<V>(); }

  const V* find_entry(const K& key) const {
    if (!expires()) return find<V>(key);
    const Expiring<V>* held = find<Expiring<V>>(key);
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) return take_expired(key, held->value);
    if (!touches_on_read() || held->touched == now()) return &held->value;
    put<Expiring<V>>(key, {now(), V(held->value)});
    return &find<Expiring<V>>(key)->value;
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
      this->template edit_cell<BackedMap<K, Expiring<V>>>().clear(rows->epoch());
    else
      this->template edit_cell<BackedMap<K, V>>().clear(rows->epoch());
  }

private:
  static StateSpec spec_of(std::string_view name, const std::optional<Ttl>& life) {
    if constexpr (has_codec<K>() && has_codec<V>())  // else an assertion has failed
      return life ? spec_of<Expiring<V>>(name) : spec_of<V>(name);
    return {};
  }
  template <class E>
  static StateSpec spec_of(std::string_view name) {
    StateSpec spec{std::string{name}, StateKind::map, &type_of<Cow<std::map<K, E>>>(),
                   &backed_collection<BackedMap<K, E>>()};
    if constexpr (!std::is_same_v<E, V>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(static_cast<const Cow<std::map<K, E>>*>(cell)->get(), dead);
      };
    return spec;
  }

  template <class E>
  const std::map<K, E>& all() const {
    if (backed() == nullptr) return this->template read_collection<std::map<K, E>>();
    Cow<BackedMap<K, E>>& held = this->template cell<BackedMap<K, E>>();
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
    Cow<BackedMap<K, E>>& held = this->template cell<BackedMap<K, E>>();
    if (!held.get().knows(key)) held.edit().load(key, place());
    return held.get().find(key);
  }
  template <class E>
  void put(K key, E value) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<BackedMap<K, E>>().put(std::move(key), std::move(value),
                                                      rows->epoch(), rows->written());
    else
      this->template edit_collection<std::map<K, E>>().insert_or_assign(std::move(key),
                                                                        std::move(value));
  }
  template <class E>
  void remove(const K& key) const {
    if (const BackedRows* rows = backed())
      return this->template edit_cell<BackedMap<K, E>>().remove(key, rows->epoch(),
                                                                rows->written());
    const auto& entries = all<E>();
    if (!entries.contains(key)) return;
    if (entries.size() == 1) return erase();
    this->template edit_collection<std::map<K, E>>().erase(key);
  }

  const V* take_expired(const K& key, const V& value) const {
    if (shows_expired()) expired_ = value;
    remove<Expiring<V>>(K{key});
    return shows_expired() ? &*expired_ : nullptr;
  }

  /// Drops what has expired, and copies the rest without its times.
  const std::map<K, V>& live_entries() const {
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
    for (const K& key : touched) put<Expiring<V>>(key, {now(), shown_.at(key)});
    return shown_;
  }

  mutable std::optional<V> expired_;  // the last one, shown once more
  mutable std::map<K, V> shown_;      // of maps that expire, the last one
};

}  // namespace detail

inline std::vector<detail::StateSpec> StateOwner::declared_states() const {
  std::vector<detail::StateSpec> specs;
  for (const detail::StateHandle* handle : handles_) specs.push_back(handle->spec());
  return specs;
}

inline void StateOwner::bind_states(detail::KeyedState& state) {
  for (detail::StateHandle* handle : handles_) handle->bind(state);
}

}  // namespace weir
