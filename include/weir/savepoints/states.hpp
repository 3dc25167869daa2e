// States as programs name them when they read or write savepoints: those that are declared for a
// lambda (weir/state.hpp), and two for state that only its operator would change.
#pragma once

#include <weir/bytes.hpp>
#include <weir/state.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::savepoints {

/// The accumulators of an `aggregate`, a `count` (of type std::int64_t) or an AggregatingState. The
/// first two call their state "accumulator".
template <class A>
auto accumulators(std::string_view name, Life life = {}) {
  return aggregating_state<A, A>(
      name, A{}, [](A& held, const A& given) { held = given; }, life);
}

/// The values of a ReducingState.
template <class T>
auto reduced_values(std::string_view name, Life life = {}) {
  return reducing_state<T>(name, {}, life);
}

namespace detail {

/// A state that holds one value for a key. `write` calls `part` with each part that has a life.
template <class T>
struct HeldValue {
  using type = T;
  static bool is_empty(const T&) { return false; }
  template <class Part>
  static void write(const T& held, ByteWriter&, Part part) {
    part(held);
  }
};

/// What a state holds for a key, as a value.
template <class State>
struct Held;
template <class T>
struct Held<ValueState<T>> : HeldValue<T> {
  static std::optional<T> get(const ValueState<T>& state) { return state.get(); }
};
template <class T>
struct Held<ReducingState<T>> : HeldValue<T> {
  static std::optional<T> get(const ReducingState<T>& state) { return state.get(); }
};
template <class In, class A>
struct Held<AggregatingState<In, A>> : HeldValue<A> {
  static std::optional<A> get(const AggregatingState<In, A>& state) {
    const A* held = state.find();
    return held != nullptr ? std::optional<A>{*held} : std::nullopt;
  }
};
template <class T>
struct Held<ListState<T>> {
  using type = std::vector<T>;
  static std::optional<type> get(const ListState<T>& state) {
    const type& held = state.get();
    return held.empty() ? std::nullopt : std::optional<type>{held};
  }
  static bool is_empty(const type& held) { return held.empty(); }
  template <class Part>
  static void write(const type& held, ByteWriter& out, Part part) {
    out.put_varint(held.size());
    for (const T& element : held) part(element);
  }
};
template <class K, class V>
struct Held<MapState<K, V>> {
  using type = std::map<K, V>;
  static std::optional<type> get(const MapState<K, V>& state) {
    const type& held = state.entries();
    return held.empty() ? std::nullopt : std::optional<type>{held};
  }
  static bool is_empty(const type& held) { return held.empty(); }
  template <class Part>
  static void write(const type& held, ByteWriter& out, Part part) {
    out.put_varint(held.size());
    for (const auto& [key, value] : held) {
      weir::encode(key, out);
      part(value);
    }
  }
};

template <class State>
using HeldBy = typename Held<State>::type;

}  // namespace detail
}  // namespace weir::savepoints
