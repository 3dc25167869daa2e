// Connected windows: two keyed streams cut into the same windows. Made by
// `a.connect(b).window(...)`.
#pragma once

#include <weir/connected_streams.hpp>
#include <weir/detail/co_windows.hpp>
#include <weir/windowed_stream.hpp>

#include <chrono>
#include <concepts>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What two streams have in each window of each key. A window makes its result when event time (or
/// the wall clock) has passed its last millisecond, which is the time of the result. What comes
/// later is dropped, or counts within a lateness; late records are also the side output "late" of
/// the operator, as std::variant<First, Second>.
template <Key K, class First, class FirstKeyOf, class Second, class SecondKeyOf, class Windows>
class ConnectedWindows {
  using Streams = ConnectedKeyedStreams<K, First, FirstKeyOf, Second, SecondKeyOf>;

public:
  ConnectedWindows(Streams streams, Windows windows)
      : streams_{std::move(streams)}, windows_{windows} {}

  /// For so long behind its end a window takes late records, and makes its result once more with
  /// each of them. Rounded up to milliseconds. Throws std::invalid_argument if it is negative.
  ConnectedWindows allowed_lateness(Duration lateness) const {
    if (lateness < Duration{})
      throw std::invalid_argument{"allowed_lateness(lateness): it must not be negative"};
    ConnectedWindows result = *this;
    result.lateness_ = std::chrono::ceil<std::chrono::milliseconds>(lateness);
    return result;
  }

  /// Joins each record of a window with all of the other stream in it: `f(first, second)` returns a
  /// result of a pair, or `f(first, second, out)` emits any number of them. A record without a
  /// partner in its window leaves no trace. Pairs come in the order of the first records, and for
  /// each of them in that of the second ones.
  template <class F>
  auto join(std::string_view name, F f) const {
    using Out = detail::JoinOut<F, First, Second>;
    if constexpr (std::same_as<Out, detail::NoJoin>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window(...).join(name, f): f must take (const First&, const Second&) and "
                    "return a record, or (const First&, const Second&, weir::Emit<R>&)");
    } else {
      return run<Out>("window_join", name,
                      detail::PairsInWindow<K, First, Second, Out, F>{std::move(f)});
    }
  }

  /// Calls `f(key, window, firsts, seconds, out)` with all records of a window; of one of the two
  /// streams it may have none. They come pane by pane, and within one as they came.
  template <class F>
  auto co_group(std::string_view name, F f) const {
    if constexpr (!detail::emits<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window(...).co_group(name, f): f must name its parameter types and end with "
                    "weir::Emit<R>&, R having a weir::Codec");
    } else {
      using Out = detail::Emitted<F>;
      if constexpr (!std::invocable<const F&, const K&, const Window&, const std::vector<First>&,
                                    const std::vector<Second>&, Emit<Out>&>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "window(...).co_group(name, f): f must take (const Key&, const "
                      "weir::Window&, const std::vector<First>&, const std::vector<Second>&, "
                      "weir::Emit<R>&)");
      } else {
        return run<Out>("co_group", name,
                        detail::BothInWindow<K, First, Second, Out, F>{std::move(f)});
      }
    }
  }

private:
  template <class Out, class Rules>
  auto run(const char* kind, std::string_view name, Rules rules) const {
    using Process = detail::WindowProcess<Windows, K, detail::Either<First, Second>,
                                          detail::BothSides<First, Second>, Out, Rules>;
    const bool needs_time = windows_.domain == TimeDomain::event_time;
    return streams_.template run<Process, detail::EitherBody<Process, First, Second>>(
        {kind, needs_time}, name, windows_, lateness_, std::move(rules));
  }

  Streams streams_;
  Windows windows_;
  std::chrono::milliseconds lateness_{};
};

}  // namespace weir
