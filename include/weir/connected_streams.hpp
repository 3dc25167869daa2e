// Connected streams: two streams in front of one operator that takes records of both.
//
//   orders.key_by(&Order::customer)
//       .connect(payments.key_by(&Payment::customer))
//       .process<Settlement>("settle")                     a process function of one's own, or
//       .interval_join("join", weir::between(0s, 1h), f)   pairs at about the same time, or
//       .window(weir::tumbling(1min)).join("join", f)      pairs in the same window
//
//   payments.key_by(&Payment::account)
//       .connect(rules.broadcast())
//       .process<Detector>("detect")                       rules that change while the job runs
//
// Made by `connect` of Stream and KeyedStream.
#pragma once

#include <weir/co_process.hpp>
#include <weir/detail/callable.hpp>
#include <weir/detail/interval_join_process.hpp>
#include <weir/detail/timed_operator.hpp>
#include <weir/detail/two_input_operators.hpp>
#include <weir/joins.hpp>
#include <weir/keyed_stream.hpp>
#include <weir/stream.hpp>
#include <weir/windows.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

template <Key K, class First, class FirstKeyOf, class Second, class SecondKeyOf, class Windows>
class ConnectedWindows;

namespace detail {

/// Adds an operator with two inputs; `spec` says all that neither its types nor `declared` say.
template <class Out, class First, class Second>
Stream<Out> add_connected(const OpenEnd& first, std::shared_ptr<const EdgeType> first_type,
                          const OpenEnd& second, std::shared_ptr<const EdgeType> second_type,
                          OperatorSpec spec, Declarations declared) {
  spec.inputs = first.typed_with(std::move(first_type), second, std::move(second_type));
  spec.in_schema = schema<First>() + " and " + schema<Second>();
  spec.out_schema = schema<Out>();
  spec.states = std::move(declared.keyed);
  spec.operator_states = std::move(declared.of_operator);
  spec.side_outputs = std::move(declared.sides);
  spec.metrics = std::move(declared.metrics);
  return Stream<Out>{first.add(std::move(spec))};
}

template <class S>
inline constexpr bool kIsKeyedStream = false;
template <Key K, class T, class KeyOf>
inline constexpr bool kIsKeyedStream<KeyedStream<K, T, KeyOf>> = true;

template <class S>
inline constexpr bool kIsPlainStream = false;
template <class T>
inline constexpr bool kIsPlainStream<Stream<T>> = true;
template <class T>
inline constexpr bool kIsPlainStream<BroadcastStream<T>> = true;

template <class S>
inline constexpr bool kIsBroadcastStream = false;
template <class T>
inline constexpr bool kIsBroadcastStream<BroadcastStream<T>> = true;

}  // namespace detail

/// Two streams without keys. A record goes to one subtask, as its stream says: by `rebalance`, by
/// `broadcast`, or to the one with the same number.
template <class First, class Second>
class ConnectedStreams {
public:
  ConnectedStreams(detail::OpenEnd first, detail::OpenEnd second)
      : first_{std::move(first)}, second_{std::move(second)} {}

  /// Runs a CoProcess, built from `args` on each subtask.
  template <class P, class... Args>
  auto process(std::string_view name, Args... args) const {
    if constexpr (!detail::IsCoProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P must derive from weir::CoProcess on streams "
                    "without keys");
    } else if constexpr (!std::same_as<typename P::first_type, First> ||
                         !std::same_as<typename P::second_type, Second>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P's first and second type are not the record types "
                    "of these streams, in this order");
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P does not override on_first and on_second");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>(name, args...): P cannot be built from args");
    } else {
      auto declared = detail::declared_by<P>(*first_.graph, name, args...);
      auto make = [args...](const detail::OperatorInit& init) {
        return std::unique_ptr<detail::Operator>{new detail::CoProcessOperator<P>{init, args...}};
      };
      return detail::add_connected<typename P::out_type, First, Second>(
          first_, std::make_shared<detail::PlainEdge<First>>(), second_,
          std::make_shared<detail::PlainEdge<Second>>(),
          {.name = std::string{name}, .kind = "co_process", .make = std::move(make)},
          std::move(declared));
    }
  }

private:
  detail::OpenEnd first_;
  detail::OpenEnd second_;
};

/// Two streams with keys of one type. Records with equal keys meet at the same subtask, whichever
/// stream they are of.
template <Key K, class First, class FirstKeyOf, class Second, class SecondKeyOf>
class ConnectedKeyedStreams {
public:
  ConnectedKeyedStreams(detail::OpenEnd first, FirstKeyOf first_key_of, detail::OpenEnd second,
                        SecondKeyOf second_key_of)
      : first_{std::move(first)},
        second_{std::move(second)},
        first_key_of_{std::move(first_key_of)},
        second_key_of_{std::move(second_key_of)} {}

  /// Runs a KeyedCoProcess, built from `args` on each subtask.
  template <class P, class... Args>
  auto process(std::string_view name, Args... args) const {
    if constexpr (!detail::IsKeyedCoProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P must derive from weir::KeyedCoProcess on two keyed "
                    "streams");
    } else if constexpr (!std::same_as<typename P::first_type, First> ||
                         !std::same_as<typename P::second_type, Second>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P's first and second type are not the record types "
                    "of these keyed streams, in this order");
    } else if constexpr (!std::same_as<typename P::key_type, K>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P's key type is not the one of these streams");
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P does not override on_first and on_second");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>(name, args...): P cannot be built from args");
    } else {
      return run<P, detail::ProcessBody<P>>({"co_process"}, name, std::move(args)...);
    }
  }

  /// Joins records with equal keys whose times are near each other, in event time:
  /// `f(first, second)` returns a result of a pair, or `f(first, second, out)` emits any number of
  /// them, each with the later of the two times. A record that comes behind event time is late: it
  /// has no pairs, and goes to the side output "late-first" or "late-second" of the operator, if
  /// anybody reads that.
  template <class F>
  auto interval_join(std::string_view name, JoinInterval interval, F f) const {
    using Out = detail::JoinOut<F, First, Second>;
    if constexpr (std::same_as<Out, detail::NoJoin>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "interval_join(name, interval, f): f must take (const First&, const Second&) "
                    "and return a record, or (const First&, const Second&, weir::Emit<R>&)");
    } else {
      using P = detail::IntervalJoinProcess<K, First, Second, Out, F>;
      return run<P, detail::ProcessBody<P>>({"interval_join", true}, name, interval, std::move(f));
    }
  }

  /// Cuts both streams into the same windows: of one size, or into sessions, which a record of
  /// either stream keeps going.
  template <class Windows>
  auto window(Windows windows) const {
    if constexpr (!std::same_as<Windows, TimeWindows> && !std::same_as<Windows, SessionWindows>) {
      static_assert(detail::kAlwaysFalse<Windows>,
                    "connect(...).window(windows): windows of two streams must be tumbling(...), "
                    "sliding(...) or session(...)");
    } else {
      return ConnectedWindows<K, First, FirstKeyOf, Second, SecondKeyOf, Windows>{*this, windows};
    }
  }

private:
  template <Key, class, class, class, class, class>
  friend class ConnectedWindows;

  /// Adds the operator of P, which Body calls.
  template <class P, class Body, class... Args>
  auto run(detail::OperatorTraits traits, std::string_view name, Args... args) const {
    using Out = typename P::out_type;
    using Operator = detail::WithTimers<
        P, detail::KeyedCoOperator<K, First, FirstKeyOf, Second, SecondKeyOf, Out, Body>>;
    auto declared = detail::declared_by<Body>(*first_.graph, name, args...);
    auto make = [first = first_key_of_, second = second_key_of_,
                 args...](const detail::OperatorInit& init) {
      return std::unique_ptr<detail::Operator>{new Operator{init, first, second, args...}};
    };
    return detail::add_connected<Out, First, Second>(
        first_, std::make_shared<detail::KeyedEdge<First, FirstKeyOf>>(first_key_of_), second_,
        std::make_shared<detail::KeyedEdge<Second, SecondKeyOf>>(second_key_of_),
        {.name = std::string{name},
         .kind = std::move(traits.kind),
         .make = std::move(make),
         .is_keyed = true,
         .key_schema = schema<K>(),
         .needs_time = traits.needs_time},
        std::move(declared));
  }

  detail::OpenEnd first_;
  detail::OpenEnd second_;
  FirstKeyOf first_key_of_;
  SecondKeyOf second_key_of_;
};

/// A keyed stream, and another one of which every subtask gets all records.
template <Key K, class T, class KeyOf, class Rule>
class ConnectedBroadcastStreams {
public:
  ConnectedBroadcastStreams(detail::OpenEnd keyed, KeyOf key_of, detail::OpenEnd rules)
      : keyed_{std::move(keyed)}, rules_{std::move(rules)}, key_of_{std::move(key_of)} {}

  /// Runs a KeyedBroadcastProcess, built from `args` on each subtask.
  template <class P, class... Args>
  auto process(std::string_view name, Args... args) const {
    if constexpr (!detail::IsKeyedBroadcastProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P must derive from weir::KeyedBroadcastProcess on a "
                    "keyed stream and one that is broadcast");
    } else if constexpr (!std::same_as<typename P::in_type, T> ||
                         !std::same_as<typename P::broadcast_type, Rule>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P's input and broadcast type are not the record "
                    "types of these streams, in this order");
    } else if constexpr (!std::same_as<typename P::key_type, K>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P's key type is not the one of the keyed stream");
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>: P does not override on_record and on_broadcast");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "connect(...).process<P>(name, args...): P cannot be built from args");
    } else {
      return run<P>(name, std::move(args)...);
    }
  }

private:
  template <class P, class... Args>
  auto run(std::string_view name, Args... args) const {
    using Out = typename P::out_type;
    using Operator = detail::WithTimers<P, detail::BroadcastOperator<P, KeyOf>>;
    auto declared = detail::declared_by<detail::ProcessBody<P>>(*keyed_.graph, name, args...);
    auto make = [key_of = key_of_, args...](const detail::OperatorInit& init) {
      return std::unique_ptr<detail::Operator>{new Operator{init, key_of, args...}};
    };
    return detail::add_connected<Out, T, Rule>(
        keyed_, std::make_shared<detail::KeyedEdge<T, KeyOf>>(key_of_), rules_,
        std::make_shared<detail::PlainEdge<Rule>>(),
        {.name = std::string{name},
         .kind = "broadcast_process",
         .make = std::move(make),
         .is_keyed = true,
         .key_schema = schema<K>()},
        std::move(declared));
  }

  detail::OpenEnd keyed_;
  detail::OpenEnd rules_;
  KeyOf key_of_;
};

template <class T>
template <class Other>
auto Stream<T>::connect(const Other& other) const {
  if constexpr (detail::kIsKeyedStream<Other>) {
    static_assert(
        detail::kAlwaysFalse<Other>,
        "connect(other): the other stream has keys and this one has none; call connect on "
        "the one with keys, such as keyed.connect(rules.broadcast()), or put key_by(...) "
        "on this one as well");
  } else if constexpr (!detail::kIsPlainStream<Other>) {
    static_assert(detail::kAlwaysFalse<Other>,
                  "connect(other): this stream has no keys, so the other must be a stream without "
                  "keys; or put key_by(...) on this one");
  } else {
    return ConnectedStreams<T, typename Other::record_type>{end_, other.end_};
  }
}

template <Key K, class T, class KeyOf>
template <class Other>
auto KeyedStream<K, T, KeyOf>::connect(const Other& other) const {
  if constexpr (detail::kIsBroadcastStream<Other>) {
    using Rule = typename Other::record_type;
    return ConnectedBroadcastStreams<K, T, KeyOf, Rule>{end_, key_of_, other.end_};
  } else if constexpr (!detail::kIsKeyedStream<Other>) {
    static_assert(detail::kAlwaysFalse<Other>,
                  "connect(other): this stream has keys, so the other must have the same, by "
                  "key_by(...), or go to all subtasks, by broadcast()");
  } else if constexpr (!std::same_as<typename Other::key_type, K>) {
    static_assert(detail::kAlwaysFalse<Other>,
                  "connect(other): the keys of both streams must be of one type");
  } else {
    return ConnectedKeyedStreams<K, T, KeyOf, typename Other::record_type,
                                 typename Other::key_of_type>{end_, key_of_, other.end_,
                                                              other.key_of_};
  }
}

}  // namespace weir

#include <weir/connected_windows.hpp>  // what ConnectedKeyedStreams::window returns
