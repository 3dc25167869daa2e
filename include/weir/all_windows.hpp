// Windows of a whole stream, without keys. Made by `Stream::window_all`.
#pragma once

#include <weir/stream.hpp>
#include <weir/windowed_stream.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

namespace detail {

/// The key of all records when they are not told apart.
struct ToOneKey {
  template <class T>
  std::tuple<> operator()(const T&) const {
    return {};
  }
};

}  // namespace detail

/// A result of a window of a whole stream.
template <class V>
struct InWindow {
  Window window;
  V value;

  friend bool operator==(const InWindow&, const InWindow&) = default;
};

/// The records of each window belong together, whoever's they are: one subtask has them all, so
/// what can be counted by key first had better be. The functions mean what those of WindowedStream
/// do; but there is no key in any of them.
template <class T, class Windows, class Firing = detail::Firing<>>
class AllWindowedStream {
public:
  /// For the engine.
  explicit AllWindowedStream(
      WindowedStream<std::tuple<>, T, detail::ToOneKey, Windows, Firing> windows)
      : windows_{std::move(windows)} {}

  AllWindowedStream allowed_lateness(Duration lateness) const {
    return AllWindowedStream{windows_.allowed_lateness(lateness)};
  }
  AllWindowedStream late(std::string_view name, Sink<T> sink) const {
    return AllWindowedStream{windows_.late(name, std::move(sink))};
  }
  template <class G>
  auto trigger(G trigger) const {
    return of_all(windows_.trigger(std::move(trigger)));
  }
  template <class E>
  auto evictor(E evictor) const {
    return of_all(windows_.evictor(std::move(evictor)));
  }
  template <class E>
  auto evict_after(E evictor) const {
    return of_all(windows_.evict_after(std::move(evictor)));
  }

  /// Emits InWindow<std::int64_t>.
  auto count(std::string_view name) const {
    using Count = std::int64_t;
    return aggregate(
        name, Count{0}, [](Count& count, const T&) { ++count; },
        [](Count& count, Count later) { count += later; },
        [](const Window& window, Count count) {
          return InWindow<Count>{window, count};
        });
  }

  /// Emits InWindow<T>.
  template <class F>
  auto reduce(std::string_view name, F f) const {
    if constexpr (!std::is_invocable_r_v<T, const F&, const T&, const T&>) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window_all(...).reduce(name, f): f must take (const T&, const T&) and return "
                    "a T, T being the stream's record type");
    } else {
      using Sum = std::optional<T>;
      const auto add = [f = std::move(f)](Sum& sum, const T& record) {
        sum = sum ? std::invoke(f, *sum, record) : record;
      };
      return aggregate(
          name, Sum{}, add, [add](Sum& sum, const Sum& later) { add(sum, *later); },
          [](const Window& window, const Sum& sum) {
            return InWindow<T>{window, *sum};
          });
    }
  }

  /// `finish(window, accumulator)` makes the result.
  template <class Accumulator, class Add, class Merge, class Finish>
  auto aggregate(std::string_view name, Accumulator initial, Add add, Merge merge,
                 Finish finish) const {
    if constexpr (!std::invocable<const Finish&, const Window&, const Accumulator&>) {
      static_assert(detail::kAlwaysFalse<Finish>,
                    "window_all(...).aggregate(name, initial, add, merge, finish): finish must "
                    "take (const weir::Window&, const Accumulator&)");
    } else {
      return windows_
          .aggregate(name, std::move(initial), std::move(add), std::move(merge),
                     [finish = std::move(finish)](const std::tuple<>&, const Window& window,
                                                  const Accumulator& accumulator) {
                       return std::invoke(finish, window, accumulator);
                     })
          .parallelism(1);
    }
  }

  /// Calls `f(window, records, out)` with all records of a window.
  template <class F>
  auto process(std::string_view name, F f) const {
    if constexpr (!detail::emits<F>()) {
      static_assert(detail::kAlwaysFalse<F>,
                    "window_all(...).process(name, f): f must name its parameter types and end "
                    "with weir::Emit<R>&, R having a weir::Codec");
    } else {
      using R = detail::Emitted<F>;
      if constexpr (!std::invocable<const F&, const Window&, const std::vector<T>&, Emit<R>&>) {
        static_assert(detail::kAlwaysFalse<F>,
                      "window_all(...).process(name, f): f must take (const weir::Window&, const "
                      "std::vector<T>&, weir::Emit<R>&), T being the stream's record type");
      } else {
        return windows_
            .process(name,
                     [f = std::move(f)](const std::tuple<>&, const Window& window,
                                        const std::vector<T>& records,
                                        Emit<R>& out) { std::invoke(f, window, records, out); })
            .parallelism(1);
      }
    }
  }

private:
  template <class F>
  static auto of_all(WindowedStream<std::tuple<>, T, detail::ToOneKey, Windows, F> windows) {
    return AllWindowedStream<T, Windows, F>{std::move(windows)};
  }

  WindowedStream<std::tuple<>, T, detail::ToOneKey, Windows, Firing> windows_;
};

template <class T>
template <class Windows>
requires detail::kAreWindows<Windows>
auto Stream<T>::window_all(Windows windows) const {
  return AllWindowedStream<T, Windows>{key_by(detail::ToOneKey{}).window(windows)};
}

}  // namespace weir
