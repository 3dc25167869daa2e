// Windowed streams: keyed streams cut into windows. Made by `KeyedStream::window`.
#pragma once

#include <weir/detail/callable.hpp>
#include <weir/detail/window_firing.hpp>
#include <weir/detail/window_rules.hpp>
#include <weir/keyed_stream.hpp>
#include <weir/sink.hpp>
#include <weir/windows.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// The records of each key and each window belong together. A window makes its result when event
/// time (or the wall clock) has passed its last millisecond, which is the time of the result; or
/// when its trigger says so. What comes later is dropped, or counts within a lateness.
///
/// Firing is what `trigger` and `evictor` have said.
template <Key K, class T, class KeyOf, class Windows, class Firing = detail::Firing<>>
class WindowedStream {
public:
  WindowedStream(KeyedStream<K, T, KeyOf> stream, Windows windows, Firing firing = {})
      : stream_{std::move(stream)}, windows_{windows}, firing_{std::move(firing)} {}

  /// Lets a trigger say when windows make their results; see weir/triggers.hpp. Then each window
  /// keeps what it has for itself, also if sliding ones overlap.
  template <class G>
  auto trigger(G trigger) const {
    if constexpr (!Trigger<G, T>) {
      static_assert(
          detail::kAlwaysFalse<G>,
          "window(...).trigger(g): g must be copyable and have a State with a weir::Codec and "
          "on_record(const T&, weir::TriggerContext<State>&) const, which returns a "
          "weir::TriggerResult, T being the stream's record type");
    } else if constexpr (detail::kAreCounted<Windows>) {
      static_assert(detail::kAlwaysFalse<G>,
                    "window(...).trigger(g): count_windows(...) have triggers of their own; use "
                    "window(weir::global())");
    } else if constexpr (std::same_as<Windows, SessionWindows> && !MergingTrigger<G>) {
      static_assert(detail::kAlwaysFalse<G>,
                    "window(...).trigger(g): sessions merge, so g must have merge(State&, const "
                    "State&) const and on_merge(weir::TriggerContext<State>&) const");
    } else if constexpr (Firing::kHasTrigger) {
      static_assert(detail::kAlwaysFalse<G>,
                    "window(...).trigger(g): these windows have a trigger already");
    } else {
      return with(firing_.with_trigger(std::move(trigger)));
    }
  }

  /// Throws records out before each result; see weir/evictors.hpp.
  template <class E>
  auto evictor(E evictor) const {
    if constexpr (accepts_evictor<E>()) return with(firing_.with_before(std::move(evictor)));
  }
  /// Throws records out after each result.
  template <class E>
  auto evict_after(E evictor) const {
    if constexpr (accepts_evictor<E>()) return with(firing_.with_after(std::move(evictor)));
  }

  /// For so long behind its end a window takes late records, and makes its result once more with
  /// each of them. Rounded up to milliseconds. Throws std::invalid_argument if it is negative.
  WindowedStream allowed_lateness(Duration lateness) const {
    if (lateness < Duration{})
      throw std::invalid_argument{"allowed_lateness(lateness): it must not be negative"};
    WindowedStream result = *this;
    result.lateness_ = std::chrono::ceil<std::chrono::milliseconds>(lateness);
    return result;
  }

  /// Writes the records that come too late for all their windows to a sink, with this name. Without
  /// it they are dropped; or read them as the side output "late" of the operator.
  WindowedStream late(std::string_view name, Sink<T> sink) const {
    static_assert(kEnds, "window(...).late(name, sink): windows without an end are never late");
    WindowedStream result = *this;
    result.late_.emplace(std::string{name}, std::move(sink));
    return result;
  }

  /// Counts the records of each window. Emits Windowed<Key, std::int64_t>.
  auto count(std::string_view name) const { return run(name, detail::CountInWindow<K, T>{}); }

  /// Combines the records of each window into one: `f(so_far, record)` returns the new one. It must
  /// be associative: also parts of windows are combined. Emits Windowed<Key, T>.
  template <class F>
  auto reduce(std::string_view name, F f) const {
    if constexpr (!std::is_invocable_r_v<T, const F&, const T&, const T&>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window(...).reduce(name, f): f must take (const T&, const T&) and return a T, "
                    "T being the stream's record type");
    } else {
      return run(name, detail::ReduceInWindow<K, T, F>{std::move(f)});
    }
  }

  /// Keeps an accumulator per window: `add(accumulator, record)` adds a record to it, beginning
  /// with `initial`; `merge(accumulator, later)` adds what a later part of the window has come to;
  /// and `finish(key, window, accumulator)` turns it into a result.
  template <class Accumulator, class Add, class Merge, class Finish>
  auto aggregate(std::string_view name, Accumulator initial, Add add, Merge merge,
                 Finish finish) const {
    if constexpr (!Record<Accumulator>) {
      static_assert(
          detail::kAlwaysFalse<Add>,
          "window(...).aggregate(name, initial, add, merge, finish): the accumulator has no "
          "weir::Codec");
    } else if constexpr (!std::invocable<const Add&, Accumulator&, const T&>) {
      static_assert(detail::kAlwaysFalse<Add>,
                    "window(...).aggregate(name, initial, add, merge, finish): add must take "
                    "(Accumulator&, const T&), T being the stream's record type");
    } else if constexpr (!std::invocable<const Merge&, Accumulator&, const Accumulator&>) {
      static_assert(detail::kAlwaysFalse<Merge>,
                    "window(...).aggregate(name, initial, add, merge, finish): merge must take "
                    "(Accumulator&, const Accumulator&)");
    } else if constexpr (!std::invocable<const Finish&, const K&, const Window&,
                                         const Accumulator&>) {
      static_assert(detail::kAlwaysFalse<Finish>,
                    "window(...).aggregate(name, initial, add, merge, finish): finish must take "
                    "(const Key&, const weir::Window&, const Accumulator&)");
    } else {
      using R = std::remove_cvref_t<
          std::invoke_result_t<const Finish&, const K&, const Window&, const Accumulator&>>;
      if constexpr (!Record<R>) {
        static_assert(detail::kAlwaysFalse<Finish>,
                      "window(...).aggregate(name, initial, add, merge, finish): the result of "
                      "finish has no weir::Codec");
      } else {
        using Rules = detail::AggregateInWindow<K, T, Accumulator, R, Add, Merge, Finish>;
        return run(name,
                   Rules{std::move(initial), std::move(add), std::move(merge), std::move(finish)});
      }
    }
  }

  /// Calls `f(key, window, records, out)` with all records of a window, which are kept until then.
  /// They come pane by pane, and within one as they came.
  template <class F>
  auto process(std::string_view name, F f) const {
    if constexpr (!detail::emits<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window(...).process(name, f): f must name its parameter types and end with "
                    "weir::Emit<R>&, R having a weir::Codec");
    } else {
      using R = detail::Emitted<F>;
      if constexpr (!std::invocable<const F&, const K&, const Window&, const std::vector<T>&,
                                    Emit<R>&>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "window(...).process(name, f): f must take (const Key&, const weir::Window&, "
                      "const std::vector<T>&, weir::Emit<R>&), T being the stream's record type");
      } else {
        return run(name, detail::AllInWindow<K, T, R, F>{std::move(f)});
      }
    }
  }

private:
  template <Key, class, class, class, class>
  friend class WindowedStream;

  static constexpr bool kEnds =
      !std::same_as<Windows, GlobalWindows> && !detail::kAreCounted<Windows>;

  template <class E>
  static constexpr bool accepts_evictor() {
    static_assert(Evictor<E, T>,
                  "window(...).evictor(e): e must be copyable and have evict(std::vector<"
                  "weir::Stamped<T>>&, const weir::Window&) const, T being the stream's record "
                  "type");
    static_assert(!detail::kAreCounted<Windows>,
                  "window(...).evictor(e): count_windows(...) keep what they are to; use "
                  "window(weir::global())");
    return Evictor<E, T> && !detail::kAreCounted<Windows>;
  }

  template <class F>
  auto with(F firing) const {
    WindowedStream<K, T, KeyOf, Windows, F> result{stream_, windows_, std::move(firing)};
    result.lateness_ = lateness_;
    result.late_ = late_;
    return result;
  }

  template <class Rules>
  auto run(std::string_view name, Rules rules) const {
    const auto results = detail::make_windows<K, T>(
        windows_, firing_, lateness_, std::move(rules),
        [&]<class Process>(std::type_identity<Process>, const auto&... args) {
          return stream_.template run<Process>({"window", detail::needs_time(windows_)}, name,
                                               args...);
        });
    if (late_) results.template side<T>("late").sink(late_->first, late_->second);
    return results;
  }

  KeyedStream<K, T, KeyOf> stream_;
  Windows windows_;
  Firing firing_;
  std::chrono::milliseconds lateness_{};
  std::optional<std::pair<std::string, Sink<T>>> late_;
};

template <Key K, class T, class KeyOf>
template <class Windows>
requires detail::kAreWindows<Windows>
auto KeyedStream<K, T, KeyOf>::window(Windows windows) const {
  return WindowedStream<K, T, KeyOf, Windows>{*this, windows};
}

}  // namespace weir
