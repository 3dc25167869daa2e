// Evictors: which records of a window count when it makes its result. What they throw out does not
// count later either.
//
//   .window(weir::global())
//   .evictor(weir::evictor::last(100))
//   .trigger(weir::trigger::count(10))
//   .aggregate(...)  // every ten records, over the last hundred
//
// A window with an evictor keeps all its records until it is over. An evictor of your own is a
// copyable class with
//
//   void evict(std::vector<weir::Stamped<T>>& records, const weir::Window& window) const;
//
// which removes from the records of a window those that are not to count. It is called if there are
// any. They stand in the order in which they came; of sessions that have become one, session after
// session.
#pragma once

#include <weir/codec.hpp>
#include <weir/detail/batch.hpp>
#include <weir/windows.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// A record of a window, and its time: the least there is if it has none.
template <class T>
struct Stamped {
  T record;
  Timestamp time = detail::kNoTime;

  friend bool operator==(const Stamped&, const Stamped&) = default;
};

/// What `evictor(...)` takes on windows of a stream of T; see the file comment.
template <class E, class T>
concept Evictor = std::copy_constructible<E> &&
    requires(const E& evictor, std::vector<Stamped<T>>& records, const Window& window) {
  evictor.evict(records, window);
};

namespace detail {

struct KeepLast {
  std::uint64_t count;
  template <class T>
  void evict(std::vector<Stamped<T>>& records, const Window&) const {
    if (records.size() > count)
      records.erase(records.begin(), records.end() - static_cast<std::ptrdiff_t>(count));
  }
};

struct KeepRecent {
  std::chrono::milliseconds length;
  template <class T>
  void evict(std::vector<Stamped<T>>& records, const Window&) const {
    if (records.empty()) return;
    const Timestamp newest =
        std::max_element(records.begin(), records.end(), [](const auto& a, const auto& b) {
          return a.time < b.time;
        })->time;
    if (newest < Timestamp::min() + length) return;
    std::erase_if(records, [&](const Stamped<T>& each) {
      return each.time != kNoTime && each.time <= newest - length;
    });
  }
};

template <class F>
struct KeepNear {
  double threshold;
  F distance;
  template <class T>
  requires std::is_invocable_r_v<double, const F&, const T&, const T&>
  void evict(std::vector<Stamped<T>>& records, const Window&) const {
    if (records.empty()) return;
    const T last = records.back().record;
    std::erase_if(records,
                  [&](const Stamped<T>& each) { return distance(each.record, last) >= threshold; });
  }
};

}  // namespace detail

/// The evictors that there are.
namespace evictor {

/// Keeps the `count` records that came last. Throws std::invalid_argument if it is 0.
inline detail::KeepLast last(std::uint64_t count) {
  if (count == 0) throw std::invalid_argument{"evictor::last(count): it must be above 0"};
  return {count};
}

/// Keeps the records that are less than `length` older than the newest, and such as have no time.
/// Throws std::invalid_argument unless it is whole milliseconds above 0.
inline detail::KeepRecent recent(Duration length) {
  return {detail::window_length(length, "the length of evictor::recent")};
}

/// Keeps the records for which `distance(record, last)`, a double, is less than `threshold`, `last`
/// being the one that came last.
template <class F>
detail::KeepNear<F> near(double threshold, F distance) {
  return {threshold, std::move(distance)};
}

}  // namespace evictor
}  // namespace weir
