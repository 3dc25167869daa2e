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
//  - With a Ttl as the last argument, what was written so long ago is gone; see weir/ttl.hpp.
//  - Types: anything with a Codec. Map keys also need <; maps iterate in ascending order of keys.
#pragma once

#include <weir/detail/list_handle.hpp>
#include <weir/detail/map_handle.hpp>
#include <weir/detail/value_handle.hpp>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
/// Sees the handle in a state of a job.
struct HandleOf {
  template <class State>
  static const StateHandle& state(const State& state) {
    return state;
  }
};
}  // namespace detail

/// One value per key, or none.
template <class T>
class ValueState : private detail::ValueHandle<T> {
  static_assert(detail::RecordCheck<T>::ok);

public:
  ValueState(StateOwner& owner, std::string_view name, std::optional<Ttl> life = {})
      : detail::ValueHandle<T>{owner, name, detail::StateKind::value, life} {}

  /// Returns a copy of the value, or nothing.
  std::optional<T> get() const {
    const T* value = find();
    return value != nullptr ? std::optional<T>{*value} : std::nullopt;
  }
  /// Returns a pointer to the value, or null; spares the copy.
  const T* find() const { return this->find_value(); }
  T value_or(T otherwise) const {
    const T* value = find();
    return value != nullptr ? *value : std::move(otherwise);
  }
  void set(T value) { this->put_value(std::move(value)); }
  void clear() { this->erase(); }
  /// Whether the key has a value.
  explicit operator bool() const { return find() != nullptr; }

private:
  friend struct detail::HandleOf;
};

/// A list of elements per key, in the order in which they were added.
template <class T>
class ListState : private detail::ListHandle<T> {
  static_assert(detail::RecordCheck<T>::ok);

public:
  ListState(StateOwner& owner, std::string_view name, std::optional<Ttl> life = {})
      : detail::ListHandle<T>{owner, name, life} {}

  /// With a Ttl, the list is copied for each call.
  const std::vector<T>& get() const { return this->list(); }
  void add(T element) { this->add_element(std::move(element)); }
  /// Replaces the list; an empty one clears the state.
  void set(std::vector<T> elements) { this->set_list(std::move(elements)); }
  void clear() { set({}); }

private:
  friend struct detail::HandleOf;
};

/// A map from user keys to values per key, iterated in ascending order of user keys.
template <class K, class V>
class MapState : private detail::MapHandle<K, V> {
  static_assert(detail::RecordCheck<K>::ok);
  static_assert(detail::RecordCheck<V>::ok);
  static_assert(std::totally_ordered<K>,
                "MapState<K, V>: K must be ordered, as by a defaulted <=>");

public:
  using Map = std::map<K, V>;

  MapState(StateOwner& owner, std::string_view name, std::optional<Ttl> life = {})
      : detail::MapHandle<K, V>{owner, name, life} {}

  /// Returns all entries, for reading and iterating. With a Ttl, they are copied for each call.
  const Map& entries() const { return this->map(); }
  std::optional<V> get(const K& key) const {
    const V* value = find(key);
    return value != nullptr ? std::optional<V>{*value} : std::nullopt;
  }
  const V* find(const K& key) const { return this->find_entry(key); }
  bool contains(const K& key) const { return find(key) != nullptr; }
  std::size_t size() const { return entries().size(); }
  void put(K key, V value) { this->put_entry(std::move(key), std::move(value)); }
  /// Removes an entry, if it is there; removing the last one clears the state.
  void remove(K key) { this->remove_entry(key); }  // by value: it may be a key of this very map
  void clear() { this->clear_map(); }

private:
  friend struct detail::HandleOf;
};

/// One value per key into which each added value is merged by `reduce(old, added)`.
template <class T>
class ReducingState : private detail::ValueHandle<T> {
  static_assert(detail::RecordCheck<T>::ok);

public:
  using Reduce = std::function<T(const T&, const T&)>;

  ReducingState(StateOwner& owner, std::string_view name, Reduce reduce,
                std::optional<Ttl> life = {})
      : detail::ValueHandle<T>{owner, name, detail::StateKind::reducing, life},
        reduce_{std::move(reduce)} {}

  std::optional<T> get() const {
    const T* value = this->find_value();
    return value != nullptr ? std::optional<T>{*value} : std::nullopt;
  }
  void add(T value) {
    if (T* old = this->edit_value())
      *old = reduce_(*old, value);
    else
      this->put_value(std::move(value));
  }
  void clear() { this->erase(); }

private:
  friend struct detail::HandleOf;

  Reduce reduce_;
};

/// One accumulator per key to which values are added by `add(accumulator, value)`.
template <class In, class Accumulator>
class AggregatingState : private detail::ValueHandle<Accumulator> {
  static_assert(detail::RecordCheck<Accumulator>::ok);

public:
  using Add = std::function<void(Accumulator&, const In&)>;

  /// `initial` is the accumulator of a key before its first value.
  AggregatingState(StateOwner& owner, std::string_view name, Accumulator initial, Add add,
                   std::optional<Ttl> life = {})
      : detail::ValueHandle<Accumulator>{owner, name, detail::StateKind::aggregating, life},
        initial_{std::move(initial)},
        add_{std::move(add)} {}

  /// Returns the accumulator, or null before the first value.
  const Accumulator* find() const { return this->find_value(); }
  void add(const In& value) {
    Accumulator* held = this->edit_value();
    if (held == nullptr) {
      this->put_value(initial_);
      held = this->edit_value();
    }
    add_(*held, value);
  }
  void clear() { this->erase(); }

private:
  friend struct detail::HandleOf;

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

namespace detail {

/// Makes a state that was declared, with the owner that it belongs to.
template <class State, class... Args>
std::unique_ptr<State> make_state(StateOwner& owner, const Declared<State, Args...>& declared) {
  return std::apply(
      [&](const auto&... args) { return std::make_unique<State>(owner, declared.name, args...); },
      declared.args);
}

}  // namespace detail

using Life = std::optional<Ttl>;

template <class T>
Declared<ValueState<T>, Life> value_state(std::string_view name, Life life = {}) {
  return {std::string{name}, {life}};
}
template <class T>
Declared<ListState<T>, Life> list_state(std::string_view name, Life life = {}) {
  return {std::string{name}, {life}};
}
template <class K, class V>
Declared<MapState<K, V>, Life> map_state(std::string_view name, Life life = {}) {
  return {std::string{name}, {life}};
}
template <class T>
Declared<ReducingState<T>, typename ReducingState<T>::Reduce, Life> reducing_state(
    std::string_view name, typename ReducingState<T>::Reduce reduce, Life life = {}) {
  return {std::string{name}, {std::move(reduce), life}};
}
template <class In, class Accumulator>
Declared<AggregatingState<In, Accumulator>, Accumulator,
         typename AggregatingState<In, Accumulator>::Add, Life>
aggregating_state(std::string_view name, Accumulator initial,
                  typename AggregatingState<In, Accumulator>::Add add, Life life = {}) {
  return {std::string{name}, {std::move(initial), std::move(add), life}};
}

}  // namespace weir
