// Keyed streams: those that may be counted, combined, and have state and timers for each key.
#pragma once

#include <weir/detail/open_end.hpp>
#include <weir/detail/operators.hpp>
#include <weir/detail/timed_operator.hpp>
#include <weir/detail/user_code.hpp>
#include <weir/windows.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

template <class T>
class Stream;
template <Key K, class T, class KeyOf, class Windows, class Firing>
class WindowedStream;

namespace detail {

/// What else a stream says of an operator.
struct OperatorTraits {
  std::string kind = "process";  // for people
  bool needs_time = false;       // its records must have event times
};

}  // namespace detail

/// When a rolling aggregate passes results on.
enum class EmitResults : std::uint8_t {
  updates,  ///< after each record, the key's result so far
  at_end,   ///< each key's result once, at the end of a bounded input
};

/// A stream whose records are grouped by a key: records with equal keys meet at the same subtask,
/// in the order in which each sender sent them. Made by `Stream::key_by`.
template <Key K, class T, class KeyOf>
class KeyedStream {
public:
  using key_type = K;
  using record_type = T;
  using key_of_type = KeyOf;

  KeyedStream(detail::OpenEnd end, KeyOf key_of)
      : end_{end.with(detail::Partition::hash)}, key_of_{std::move(key_of)} {}

  /// Counts the records of each key. Emits (key, count).
  Stream<std::pair<K, std::int64_t>> count(std::string_view name,
                                           EmitResults when = EmitResults::updates) const {
    using Rules = detail::CountRules<K, T>;
    return rolling<std::int64_t, std::pair<K, std::int64_t>>("count", name, Rules{}, when);
  }

  /// Combines the records of each key into one: `f(so_far, record)` returns the new one.
  template <class F>
  auto reduce(std::string_view name, F f, EmitResults when = EmitResults::updates) const {
    if constexpr (!std::is_invocable_r_v<T, const F&, const T&, const T&>) {
      static_assert(
          detail::kAlwaysFalse<F>,
          "reduce(name, f): f must take (const T&, const T&) and return a T, T being this "
          "stream's record type");
    } else {
      using Rules = detail::ReduceRules<K, T, F>;
      return rolling<T, T>("reduce", name, Rules{std::move(f)}, when);
    }
  }

  /// Keeps an accumulator per key: `add(accumulator, record)` adds a record to it, beginning with
  /// `initial`, and `finish(key, accumulator)` turns it into a result.
  template <class Accumulator, class Add, class Finish>
  auto aggregate(std::string_view name, Accumulator initial, Add add, Finish finish,
                 EmitResults when = EmitResults::updates) const {
    if constexpr (!Record<Accumulator>) {
      static_assert(detail::kAlwaysFalse<Add>,
                    "aggregate(name, initial, add, finish): the accumulator has no weir::Codec");
    } else if constexpr (!std::invocable<const Add&, Accumulator&, const T&>) {
      static_assert(
          detail::kAlwaysFalse<Add>,
          "aggregate(name, initial, add, finish): add must take (Accumulator&, const T&), "
          "T being this stream's record type");
    } else if constexpr (!std::invocable<const Finish&, const K&, const Accumulator&>) {
      static_assert(detail::kAlwaysFalse<Add>,
                    "aggregate(name, initial, add, finish): finish must take (const Key&, const "
                    "Accumulator&)");
    } else {
      using R =
          std::remove_cvref_t<std::invoke_result_t<const Finish&, const K&, const Accumulator&>>;
      if constexpr (!Record<R>) {
        static_assert(
            detail::kAlwaysFalse<Add>,
            "aggregate(name, initial, add, finish): the result of finish has no weir::Codec");
      } else {
        using Rules = detail::AggregateRules<K, T, Accumulator, R, Add, Finish>;
        return rolling<Accumulator, R>(
            "aggregate", name, Rules{std::move(initial), std::move(add), std::move(finish)}, when);
      }
    }
  }

  /// Runs a KeyedProcess, built from `args` on each subtask.
  template <class P, class... Args>
  auto process(std::string_view name, Args... args) const {
    if constexpr (!detail::IsKeyedProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>: P must derive from weir::KeyedProcess on a keyed stream");
    } else if constexpr (!std::same_as<typename P::in_type, T>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>: P's input type is not this stream's record type");
    } else if constexpr (!std::same_as<typename P::key_type, K>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>: P's key type is not this stream's key type");
    } else if constexpr (!Record<typename P::out_type>) {
      static_assert(detail::RecordCheck<typename P::out_type>::ok);
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>, "process<P>: P does not override on_record");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>(name, args...): P cannot be built from args");
    } else {
      return run<P>({}, name, std::move(args)...);
    }
  }

  /// Connects the stream with another one, for an operator that takes records of both: a stream
  /// with the same keys, or `rules.broadcast()`, of which all subtasks get every record. Include
  /// weir/connected_streams.hpp, or weir.hpp.
  template <class Other>
  auto connect(const Other& other) const;

  /// Cuts the stream into windows: see weir/windows.hpp. Include weir/windowed_stream.hpp, or
  /// weir.hpp.
  template <class Windows>
  requires detail::kAreWindows<Windows>
  auto window(Windows windows) const;

  /// Runs `f(record, state, emit)` with one declared state.
  template <class D, class F>
  requires detail::kIsDeclared<D>
  auto process(std::string_view name, D state, F f) const {
    return process_with(name, std::move(f), std::move(state));
  }
  /// Runs `f(record, state1, state2, emit)` with two declared states.
  template <class D1, class D2, class F>
  requires(detail::kIsDeclared<D1>&& detail::kIsDeclared<D2>) auto process(std::string_view name,
                                                                           D1 state1, D2 state2,
                                                                           F f) const {
    return process_with(name, std::move(f), std::move(state1), std::move(state2));
  }
  /// Runs `f(record, state1, state2, state3, emit)` with three declared states.
  template <class D1, class D2, class D3, class F>
  requires(detail::kIsDeclared<D1>&& detail::kIsDeclared<D2>&&
               detail::kIsDeclared<D3>) auto process(std::string_view name, D1 state1, D2 state2,
                                                     D3 state3, F f) const {
    return process_with(name, std::move(f), std::move(state1), std::move(state2),
                        std::move(state3));
  }

private:
  template <Key, class, class>
  friend class KeyedStream;
  template <Key, class, class, class, class>
  friend class WindowedStream;

  template <class P, class... Args>
  auto run(detail::OperatorTraits traits, std::string_view name, Args... args) const {
    using Out = typename P::out_type;
    using Body = detail::ProcessBody<P>;
    using Operator = detail::WithTimers<P, detail::KeyedOperator<K, T, Out, KeyOf, Body>>;
    auto declared = detail::declared_by<Body>(*end_.graph, name, args...);  // before they move
    return keyed<Out, Operator>(std::move(traits), name, std::move(declared), std::move(args)...);
  }

  template <class F, class... D>
  auto process_with(std::string_view name, F f, D... declared) const {
    if constexpr (!detail::emits<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "process(name, states..., f): f must name its parameter types and end with "
                    "weir::Emit<R>&, R having a weir::Codec");
    } else {
      using Out = detail::Emitted<F>;
      if constexpr (!std::invocable<const F&, const T&, typename D::state_type&..., Emit<Out>&>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "process(name, states..., f): f must take (const T&, State&..., "
                      "weir::Emit<R>&), T being this stream's record type");
      } else {
        using Body = detail::LambdaBody<T, Out, F, typename D::state_type...>;
        using Operator = detail::KeyedOperator<K, T, Out, KeyOf, Body>;
        auto states = detail::declared_by<Body>(*end_.graph, name, f, declared...);
        return keyed<Out, Operator>({}, name, std::move(states), std::move(f),
                                    std::move(declared)...);
      }
    }
  }

  template <class Out, class Operator, class... Args>
  Stream<Out> keyed(detail::OperatorTraits traits, std::string_view name,
                    detail::Declarations declared, Args... args) const {
    auto make = [key_of = key_of_, args...](const detail::OperatorInit& init) {
      return std::unique_ptr<detail::Operator>{new Operator{init, key_of, args...}};
    };
    return add_operator<Out>(std::move(traits), name, std::move(declared), std::move(make));
  }

  template <class Accumulator, class Out, class Rules>
  Stream<Out> rolling(std::string kind, std::string_view name, Rules rules,
                      EmitResults when) const {
    using Operator = detail::RollingAggregate<K, T, Accumulator, Out, KeyOf, Rules>;
    auto make = [key_of = key_of_, rules, when](const detail::OperatorInit& init) {
      return std::unique_ptr<detail::Operator>{
          new Operator{init, key_of, rules, when == EmitResults::at_end}};
    };
    return add_operator<Out>({std::move(kind)}, name, {.keyed = Operator::specs()},
                             std::move(make));
  }

  template <class Out>
  Stream<Out> add_operator(detail::OperatorTraits traits, std::string_view name,
                           detail::Declarations declared, detail::OperatorMaker make) const {
    return Stream<Out>{
        end_.add({.name = std::string{name},
                  .kind = std::move(traits.kind),
                  .inputs = end_.typed(std::make_shared<detail::KeyedEdge<T, KeyOf>>(key_of_)),
                  .in_schema = schema<T>(),
                  .out_schema = schema<Out>(),
                  .make = std::move(make),
                  .is_keyed = true,
                  .key_schema = schema<K>(),
                  .states = std::move(declared.keyed),
                  .operator_states = std::move(declared.of_operator),
                  .side_outputs = std::move(declared.sides),
                  .metrics = std::move(declared.metrics),
                  .needs_time = traits.needs_time})};
  }

  detail::OpenEnd end_;
  KeyOf key_of_;
};

}  // namespace weir
