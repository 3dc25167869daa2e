// Streams: the edges of a job's graph, and the operators that can be put behind them.
//
// Every operator has a name, and the name comes first. It is the operator's identity everywhere: in
// checkpoints, in logs and metrics, in `--chaos`. Streams are cheap handles; they may be copied,
// and several operators may be put behind one.
#pragma once

#include <weir/async.hpp>
#include <weir/detail/assign_time.hpp>
#include <weir/detail/async_operator.hpp>
#include <weir/detail/async_stream.hpp>
#include <weir/detail/callable.hpp>
#include <weir/detail/open_end.hpp>
#include <weir/detail/user_code.hpp>
#include <weir/iteration.hpp>
#include <weir/keyed_stream.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

class Job;
template <class T>
class Stream;
template <class T>
class BroadcastStream;

/// The end of a pipeline; returned by `sink` to set its parallelism.
class SinkHandle {
public:
  explicit SinkHandle(detail::OpenEnd end) : end_{std::move(end)} {}
  /// Sets how many subtasks write.
  void parallelism(int n) const { end_.set_parallelism(n); }

private:
  detail::OpenEnd end_;
};

/// A stream of records of type T.
template <class T>
class Stream {
  static_assert(detail::RecordCheck<T>::ok);

public:
  using record_type = T;

  explicit Stream(detail::OpenEnd end) : end_{std::move(end)} {}

  /// Emits `f(record)` for each record.
  template <class F>
  auto map(std::string_view name, F f) const {
    if constexpr (!std::invocable<const F&, const T&>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "map(name, f): f must take (const T&), T being this stream's record type");
    } else {
      using R = std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>;
      if constexpr (!Record<R>) {
        static_assert(
            detail::kAlwaysFalse<F>,
            "map(name, f): the result of f has no weir::Codec; make it an aggregate of at "
            "most 16 supported fields, or specialise weir::Codec for it");
      } else {
        return each<R>("map", name, [f = std::move(f)](T& record, Emit<R>& out) {
          out(std::invoke(f, std::as_const(record)));
        });
      }
    }
  }

  /// Keeps the records for which `f(record)` is true.
  template <class F>
  auto filter(std::string_view name, F f) const {
    if constexpr (!std::predicate<const F&, const T&>) {
      static_assert(
          detail::kAlwaysFalse<F>,
          "filter(name, f): f must take (const T&) and return bool, T being this stream's "
          "record type");
    } else {
      return each<T>("filter", name, [f = std::move(f)](T& record, Emit<T>& out) {
        if (std::invoke(f, std::as_const(record))) out(std::move(record));
      });
    }
  }

  /// Calls `f(record, out)`, which may emit any number of records by `out(result)`.
  template <class F>
  auto flat_map(std::string_view name, F f) const {
    if constexpr (!detail::emits<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "flat_map(name, f): f must name its parameter types and end with "
                    "weir::Emit<R>&, R having a weir::Codec");
    } else {
      using R = detail::Emitted<F>;
      if constexpr (!std::invocable<const F&, const T&, Emit<R>&>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "flat_map(name, f): f must take (const T&, weir::Emit<R>&), T being this "
                      "stream's record type");
      } else {
        return each<R>("flat_map", name, [f = std::move(f)](T& record, Emit<R>& out) {
          f(std::as_const(record), out);
        });
      }
    }
  }

  /// Runs a Process, built from `args` on each subtask.
  template <class P, class... Args>
  auto process(std::string_view name, Args... args) const {
    if constexpr (detail::IsKeyedProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>: P is a KeyedProcess, but this stream has no keys; put key_by(...) "
                    "before it");
    } else if constexpr (!detail::IsProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>, "process<P>: P must derive from weir::Process");
    } else if constexpr (!std::same_as<typename P::in_type, T>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>: P's input type is not this stream's record type");
    } else if constexpr (!Record<typename P::out_type>) {
      static_assert(detail::RecordCheck<typename P::out_type>::ok);
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>, "process<P>: P does not override on_record");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "process<P>(name, args...): P cannot be built from args");
    } else {
      auto declared = detail::declared_by<P>(*end_.graph, name, args...);
      auto make = [args...](const detail::OperatorInit& init) {
        return std::unique_ptr<detail::Operator>{new detail::ProcessOperator<P>{init, args...}};
      };
      return add_operator<typename P::out_type>("process", name, std::move(make),
                                                std::move(declared));
    }
  }

  /// Asks about each record by `f(record, reply)`, and passes on what the reply is answered with;
  /// meanwhile other records are asked about. See weir/async.hpp.
  template <class F>
  auto async(std::string_view name, F f, AsyncOptions options = {}) const {
    if constexpr (!detail::replies<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "async(name, f): f must name its parameter types and end with weir::Reply<R>, "
                    "R having a weir::Codec");
    } else {
      using R = detail::Replied<F>;
      if constexpr (!std::invocable<const F&, const T&, Reply<R>>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "async(name, f): f must take (const T&, weir::Reply<R>), T being this "
                      "stream's record type");
      } else {
        return async_process<detail::AsyncFunction<T, R, F>>(name, options, std::move(f));
      }
    }
  }
  /// The same by an AsyncProcess, built from `args` on each subtask.
  template <class P, class... Args>
  auto async_process(std::string_view name, AsyncOptions options, Args... args) const {
    if constexpr (!detail::IsAsyncProcess<P>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "async_process<P>: P must derive from weir::AsyncProcess");
    } else if constexpr (!std::same_as<typename P::in_type, T>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "async_process<P>: P's input type is not this stream's record type");
    } else if constexpr (!Record<typename P::out_type>) {
      static_assert(detail::RecordCheck<typename P::out_type>::ok);
    } else if constexpr (std::is_abstract_v<P>) {
      static_assert(detail::kAlwaysFalse<P>, "async_process<P>: P does not override on_record");
    } else if constexpr (!std::constructible_from<P, const Args&...>) {
      static_assert(detail::kAlwaysFalse<P>,
                    "async_process<P>(name, options, args...): P cannot be built from args");
    } else {
      detail::check(options, name, *end_.graph);
      auto make = [options, args...](const detail::OperatorInit& init) {
        return std::unique_ptr<detail::Operator>{
            new detail::AsyncOperator<P>{init, options, args...}};
      };
      auto result = add_operator<typename P::out_type>(
          "async", name, std::move(make), {.of_operator = {detail::PendingState<T>::spec()}});
      end_.graph->operators.back().is_async = true;
      return result;
    }
  }

  /// Gives each record the time `time_of(record)`, a member pointer or a function that returns a
  /// `weir::Timestamp` or another time point of the system clock, which is rounded down to
  /// milliseconds; and makes watermarks from these times. The operator is called like the one
  /// before, with "-time" behind it.
  template <class F, class G>
  auto event_time(F time_of, Watermarks<G> watermarks) const {
    const std::string& before = end_.graph->operators[end_.edges[0].from].name;
    return event_time(before + "-time", std::move(time_of), std::move(watermarks));
  }
  /// The same by another name.
  template <class F, class G>
  auto event_time(std::string_view name, F time_of, Watermarks<G> watermarks) const {
    if constexpr (!detail::TellsTime<F, T>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "event_time(time_of, watermarks): time_of must take (const T&), T being this "
                    "stream's record type, and return a weir::Timestamp or another time point of "
                    "std::chrono::system_clock");
    } else if constexpr (!WatermarkGenerator<G, T>) {
      static_assert(detail::kAlwaysFalse<G>,
                    "event_time(time_of, watermarks): the generator must be copyable and have "
                    "on_record(const T&, weir::Timestamp), T being this stream's record type, and "
                    "watermark() const, which returns a weir::Timestamp");
    } else {
      std::string group = watermarks.alignment() ? watermarks.alignment()->group : std::string{};
      auto make = [time_of = std::move(time_of),
                   watermarks = std::move(watermarks)](const detail::OperatorInit& init) {
        return std::unique_ptr<detail::Operator>{
            new detail::AssignTime<T, F, G>{init, time_of, watermarks}};
      };
      auto result = add_operator<T>("event_time", name, std::move(make), {});
      end_.graph->operators.back().aligned_with = std::move(group);
      return result;
    }
  }

  /// State belongs to keys, so this does not compile, and says why.
  template <class D, class... Rest>
  requires detail::kIsDeclared<D>
  void process(std::string_view, D, Rest...) const {
    static_assert(
        detail::kAlwaysFalse<D>,
        "process(name, states..., f): state belongs to keys, and this stream has none; put "
        "key_by(...) before it");
  }

  /// Groups records by `key_of(record)`: a member pointer, a lambda, or std::identity{}.
  template <class F>
  auto key_by(F key_of) const {
    if constexpr (!detail::key_of_is_valid<F, T>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "key_by(f): f must take (const T&), T being this stream's record type, and "
                    "return a key with == and a weir::Codec");
    } else {
      using K = std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>;
      return KeyedStream<K, T, F>{end_, std::move(key_of)};
    }
  }

  /// Cuts the whole stream into windows, for which one subtask does it all: see weir/windows.hpp.
  template <class Windows>
  requires detail::kAreWindows<Windows>
  auto window_all(Windows windows) const;

  /// Joins streams of the same type into one. Records of one stream keep their order.
  template <class... Others>
  auto union_with(const Others&... others) const {
    if constexpr (!(std::derived_from<Others, Stream> && ...)) {
      static_assert(detail::kAlwaysFalse<Others...>,
                    "union_with(streams...): all must be streams of this stream's record type");
    } else {
      detail::OpenEnd all = end_;
      ((all = all.united_with(others.end_)), ...);
      return Stream{std::move(all)};
    }
  }

  /// Connects the stream with another one without keys, perhaps of another type, for an operator
  /// that takes records of both. Include weir/connected_streams.hpp, or weir.hpp.
  template <class Other>
  auto connect(const Other& other) const;

  /// Lets records go round. `body(stream)` is called once, with a stream of these records and of
  /// those that it feeds back; it returns a Round of what it feeds back and what leaves, or only
  /// the former. Returns what leaves. The iteration ends when its input has ended and nothing goes
  /// round any more. What an operator in it emits at the end of its input must not be fed back.
  /// Iterations cannot be nested.
  template <class F>
  auto iterate(std::string_view name, F body) const {
    if constexpr (!std::invocable<const F&, Stream>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "iterate(name, body): body must take a Stream of this stream's record type");
    } else {
      using Result = std::invoke_result_t<const F&, Stream>;
      const Stream begin =
          each<T>("iterate", name, [](T& record, Emit<T>& out) { out(std::move(record)); });
      if constexpr (std::same_as<Result, Stream>) {
        body(begin).feed_back_to(begin);
      } else if constexpr (detail::kIsRoundOf<Result, T>) {
        Result round = body(begin);
        round.again.feed_back_to(begin);
        return round.out;
      } else {
        static_assert(detail::kAlwaysFalse<F>,
                      "iterate(name, body): body must return a weir::Round{again, out}, or only "
                      "`again`, a stream of this stream's record type");
      }
    }
  }

  /// The records that the operator that makes this stream emits to its side output `name`, which
  /// must be of type S; see weir/side_output.hpp.
  template <class S>
  Stream<S> side(std::string_view name) const {
    return Stream<S>{end_.side(name)};
  }

  /// Spreads records evenly over the subtasks of the next operator.
  Stream rebalance() const { return Stream{end_.with(detail::Partition::rebalance)}; }

  /// Sends every record to every subtask of the next operator.
  BroadcastStream<T> broadcast() const;

  /// Sets how many subtasks the operator that makes this stream has.
  Stream parallelism(int n) const {
    end_.set_parallelism(n);
    return *this;
  }

  /// Ends the stream in a sink.
  SinkHandle sink(std::string_view name, Sink<T> sink) const {
    return SinkHandle{end_.add({.name = std::string{name},
                                .kind = "sink",
                                .inputs = end_.typed(std::make_shared<detail::PlainEdge<T>>()),
                                .in_schema = schema<T>(),
                                .sink = sink.factory()})};
  }

private:
  template <class>
  friend class Stream;
  template <Key, class, class>
  friend class KeyedStream;

  void feed_back_to(const Stream& begin) const {
    end_.feed_back_to(begin.end_.edges[0].from, std::make_shared<detail::PlainEdge<T>>());
  }

  template <class R, class Step>
  Stream<R> each(std::string kind, std::string_view name, Step step) const {
    auto make = [step = std::move(step)](const detail::OperatorInit&) {
      return std::unique_ptr<detail::Operator>{new detail::EachRecord<T, R, Step>{step}};
    };
    return add_operator<R>(std::move(kind), name, std::move(make), {});
  }

  template <class R>
  Stream<R> add_operator(std::string kind, std::string_view name, detail::OperatorMaker make,
                         detail::Declarations declared) const {
    return Stream<R>{end_.add({.name = std::string{name},
                               .kind = std::move(kind),
                               .inputs = end_.typed(std::make_shared<detail::PlainEdge<T>>()),
                               .in_schema = schema<T>(),
                               .out_schema = schema<R>(),
                               .make = std::move(make),
                               .states = std::move(declared.keyed),
                               .operator_states = std::move(declared.of_operator),
                               .side_outputs = std::move(declared.sides),
                               .metrics = std::move(declared.metrics)})};
  }

  detail::OpenEnd end_;
};

/// A stream of which every subtask of the next operator gets all records.
template <class T>
class BroadcastStream : public Stream<T> {
public:
  using Stream<T>::Stream;
};

template <class T>
BroadcastStream<T> Stream<T>::broadcast() const {
  return BroadcastStream<T>{end_.with(detail::Partition::broadcast)};
}

}  // namespace weir

// What is made of windows, and connect, needs a whole Stream.
#include <weir/all_windows.hpp>
#include <weir/connected_streams.hpp>
#include <weir/windowed_stream.hpp>
