// Keyed state: values that belong to a key, survive every failure and come back after a restart.
//
// State is a member of a process class, built with the object it belongs to and a name:
//
//   class Detector final : public weir::KeyedProcess<AccountId, Payment, Alert> {
//     ...
//     weir::ValueState<double> mean_{*this, "mean"};
//   };
//
// In `on_record` every handle shows the state of the current record's key. The name identifies the
// state in checkpoints: renaming it is dropping it.
//
// Rules
//  - A handle may be used only while its operator handles a record; elsewhere the process ends with
//    a message, because a state without a key is a programming error.
//  - References and pointers that a handle returns are valid until the next change of any state.
//  - Types: anything with a Codec. Map keys also need <; maps iterate in ascending order of keys.
#pragma once

#include <weir/detail/cow.hpp>
#include <weir/detail/keyed_state.hpp>

#include <concepts>
#include <functional>
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

/// What all kinds of handles have in common.
class StateHandle {
public:
  StateHandle(StateOwner& owner, std::string_view name, StateKind kind, const Type& type,
              const BackedColumn& backed)
      : spec_{std::string{name}, kind, &type, &backed}, column_{owner.handles_.size()} {
    owner.handles_.push_back(this);
  }
  StateHandle(const StateHandle&) = delete;
  StateHandle& operator=(const StateHandle&) = delete;

  const StateSpec& spec() const { return spec_; }
  void bind(KeyedState& state) { state_ = &state; }

protected:
  ~StateHandle() = default;

  template <class T>
  const T* read() const {
    return static_cast<const T*>(state().read(column_));
  }
  template <class T>
  T* edit() {
    return static_cast<T*>(state().edit(column_));
  }
  template <class T>
  void write(T value) {
    const auto [at, present] = state().claim(column_);
    if (present)
      *static_cast<T*>(at) = std::move(value);
    else
      ::new (at) T(std::move(value));
  }
  void erase() { state().clear(column_); }

  /// Returns the collection of the current key for writing; an empty one is made if there is none.
  template <class T>
  T& edit_collection() {
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
  Cell& edit_cell() {
    return static_cast<Cow<Cell>*>(state().edit(column_))->edit();
  }

private:
  KeyedState& state() const {
    if (state_ == nullptr) fail_unbound_state(spec_.name);
    return *state_;
  }

  StateSpec spec_;
  std::size_t column_;
  KeyedState* state_ = nullptr;
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

/// One value per key, or none.
template <class T>
class ValueState : private detail::StateHandle {
  static_assert(detail::RecordCheck<T>::ok);

public:
  ValueState(StateOwner& owner, std::string_view name)
      : StateHandle{owner, name, detail::StateKind::value, detail::type_of<T>(),
                    detail::backed_value<T>()} {}

  /// Returns a copy of the value, or nothing.
  std::optional<T> get() const {
    const T* value = find();
    return value != nullptr ? std::optional<T>{*value} : std::nullopt;
  }
  /// Returns a pointer to the value, or null; spares the copy.
  const T* find() const { return this->template read<T>(); }
  T value_or(T otherwise) const {
    const T* value = find();
    return value != nullptr ? *value : std::move(otherwise);
  }
  void set(T value) { this->template write<T>(std::move(value)); }
  void clear() { this->erase(); }
  /// Whether the key has a value.
  explicit operator bool() const { return find() != nullptr; }
};

/// A list of elements per key, in the order in which they were added.
template <class T>
class ListState : private detail::StateHandle {
  static_assert(detail::RecordCheck<T>::ok);

public:
  ListState(StateOwner& owner, std::string_view name)
      : StateHandle{owner, name, detail::StateKind::list,
                    detail::type_of<detail::Cow<std::vector<T>>>(),
                    detail::backed_collection<Cell>()} {}

  const std::vector<T>& get() const {
    const detail::BackedRows* rows = this->backed();
    if (rows == nullptr) return this->template read_collection<std::vector<T>>();
    detail::Cow<Cell>& cell = this->template cell<Cell>();
    if (!cell.get().is_whole()) cell.edit().load(this->place(), rows->written());
    return cell.get().all();
  }
  void add(T element) {
    if (const detail::BackedRows* rows = this->backed())
      this->template edit_cell<Cell>().add(std::move(element), rows->epoch());
    else
      this->template edit_collection<std::vector<T>>().push_back(std::move(element));
  }
  /// Replaces the list; an empty one clears the state.
  void set(std::vector<T> elements) {
    if (const detail::BackedRows* rows = this->backed())
      this->template edit_cell<Cell>().set(std::move(elements), rows->epoch());
    else if (elements.empty())
      this->erase();
    else
      this->template edit_collection<std::vector<T>>() = std::move(elements);
  }
  void clear() { set({}); }

private:
  using Cell = detail::BackedList<T>;
};

/// A map from user keys to values per key, iterated in ascending order of user keys.
template <class K, class V>
class MapState : private detail::StateHandle {
  static_assert(detail::RecordCheck<K>::ok);
  static_assert(detail::RecordCheck<V>::ok);
  static_assert(std::totally_ordered<K>,
                "MapState<K, V>: K must be ordered, as by a defaulted <=>");

public:
  using Map = std::map<K, V>;

  MapState(StateOwner& owner, std::string_view name)
      : StateHandle{owner, name, detail::StateKind::map, detail::type_of<detail::Cow<Map>>(),
                    detail::backed_collection<Cell>()} {}

  /// Returns all entries, for reading and iterating.
  const Map& entries() const {
    if (this->backed() == nullptr) return this->template read_collection<Map>();
    detail::Cow<Cell>& cell = this->template cell<Cell>();
    if (!cell.get().is_whole()) cell.edit().load(this->place());
    return cell.get().all();
  }
  std::optional<V> get(const K& key) const {
    const V* value = find(key);
    return value != nullptr ? std::optional<V>{*value} : std::nullopt;
  }
  const V* find(const K& key) const {
    if (this->backed() != nullptr) {
      detail::Cow<Cell>& cell = this->template cell<Cell>();
      if (!cell.get().knows(key)) cell.edit().load(key, this->place());
      return cell.get().find(key);
    }
    const auto at = entries().find(key);
    return at != entries().end() ? &at->second : nullptr;
  }
  bool contains(const K& key) const { return find(key) != nullptr; }
  std::size_t size() const { return entries().size(); }
  void put(K key, V value) {
    if (const detail::BackedRows* rows = this->backed())
      this->template edit_cell<Cell>().put(std::move(key), std::move(value), rows->epoch(),
                                           rows->written());
    else
      this->template edit_collection<Map>().insert_or_assign(std::move(key), std::move(value));
  }
  /// Removes an entry, if it is there; removing the last one clears the state.
  void remove(const K& key) {
    if (const detail::BackedRows* rows = this->backed())
      return this->template edit_cell<Cell>().remove(key, rows->epoch(), rows->written());
    if (!contains(key)) return;
    if (size() == 1) return clear();
    this->template edit_collection<Map>().erase(key);
  }
  void clear() {
    if (const detail::BackedRows* rows = this->backed())
      this->template edit_cell<Cell>().clear(rows->epoch());
    else
      this->erase();
  }

private:
  using Cell = detail::BackedMap<K, V>;
};

/// One value per key into which each added value is merged by `reduce(old, added)`.
template <class T>
class ReducingState : private detail::StateHandle {
  static_assert(detail::RecordCheck<T>::ok);

public:
  using Reduce = std::function<T(const T&, const T&)>;

  ReducingState(StateOwner& owner, std::string_view name, Reduce reduce)
      : StateHandle{owner, name, detail::StateKind::reducing, detail::type_of<T>(),
                    detail::backed_value<T>()},
        reduce_{std::move(reduce)} {}

  std::optional<T> get() const {
    const T* value = this->template read<T>();
    return value != nullptr ? std::optional<T>{*value} : std::nullopt;
  }
  void add(T value) {
    if (T* old = this->template edit<T>())
      *old = reduce_(*old, value);
    else
      this->template write<T>(std::move(value));
  }
  void clear() { this->erase(); }

private:
  Reduce reduce_;
};

/// One accumulator per key to which values are added by `add(accumulator, value)`.
template <class In, class Accumulator>
class AggregatingState : private detail::StateHandle {
  static_assert(detail::RecordCheck<Accumulator>::ok);

public:
  using Add = std::function<void(Accumulator&, const In&)>;

  /// `initial` is the accumulator of a key before its first value.
  AggregatingState(StateOwner& owner, std::string_view name, Accumulator initial, Add add)
      : StateHandle{owner, name, detail::StateKind::aggregating, detail::type_of<Accumulator>(),
                    detail::backed_value<Accumulator>()},
        initial_{std::move(initial)},
        add_{std::move(add)} {}

  /// Returns the accumulator, or null before the first value.
  const Accumulator* find() const { return this->template read<Accumulator>(); }
  void add(const In& value) {
    Accumulator* held = this->template edit<Accumulator>();
    if (held == nullptr) {
      this->template write<Accumulator>(initial_);
      held = this->template edit<Accumulator>();
    }
    add_(*held, value);
  }
  void clear() { this->erase(); }

private:
  Accumulator initial_;
  Add add_;
};

/// A state to be created with an operator made from a lambda; see `KeyedStream::process`.
template <class State, class... Args>
struct Declared {
  using state_type = State;
  std::string name;
  std::tuple<Args...> args;
};

template <class T>
Declared<ValueState<T>> value_state(std::string_view name) {
  return {std::string{name}, {}};
}
template <class T>
Declared<ListState<T>> list_state(std::string_view name) {
  return {std::string{name}, {}};
}
template <class K, class V>
Declared<MapState<K, V>> map_state(std::string_view name) {
  return {std::string{name}, {}};
}
template <class T>
Declared<ReducingState<T>, typename ReducingState<T>::Reduce> reducing_state(
    std::string_view name, typename ReducingState<T>::Reduce reduce) {
  return {std::string{name}, {std::move(reduce)}};
}
template <class In, class Accumulator>
Declared<AggregatingState<In, Accumulator>, Accumulator,
         typename AggregatingState<In, Accumulator>::Add>
aggregating_state(std::string_view name, Accumulator initial,
                  typename AggregatingState<In, Accumulator>::Add add) {
  return {std::string{name}, {std::move(initial), std::move(add)}};
}

}  // namespace weir
