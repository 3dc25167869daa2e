// Watermarks: how a stream tells how far event time has come, from the times of its records.
//
//   .event_time(&Click::at, weir::bounded_lag(10s).idle_after(1min))
//
// A watermark of t says: nothing at or before t is expected any more. It is made by a generator,
// one for each split if the stream comes straight from a source, else one for each subtask; the
// least of them counts. Records that come behind their watermark are late.
#pragma once

#include <weir/time.hpp>

#include <algorithm>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weir {

/// What makes watermarks: it sees each record with its time, and is asked now and then how far
/// event time has come. An answer below an earlier one counts as standing still. One a split.
template <class G, class T>
concept WatermarkGenerator = std::copy_constructible<G> &&
    requires(G& generator, const G& seen, const T& record, Timestamp time) {
  generator.on_record(record, time);
  { seen.watermark() } -> std::convertible_to<Timestamp>;
};

/// Records are at most so much out of order. See `bounded_lag`.
class BoundedLag {
public:
  explicit BoundedLag(std::chrono::milliseconds lag) : lag_{lag} {}

  template <class T>
  void on_record(const T&, Timestamp time) {
    latest_ = std::max(latest_, time);
  }
  /// One millisecond less than the latest time less the lag: a record of just that time may come.
  Timestamp watermark() const {
    const auto behind = lag_ + std::chrono::milliseconds{1};
    return latest_ < Timestamp::min() + behind ? Timestamp::min() : latest_ - behind;
  }

private:
  std::chrono::milliseconds lag_;
  Timestamp latest_ = Timestamp::min();
};

/// How watermarks are made: by copies of a generator, and what goes for all kinds of them.
template <class G>
class Watermarks {
public:
  explicit Watermarks(G generator) : generator_{std::move(generator)} {}

  /// Nobody waits any longer for a split, or subtask, that has had no record for `silence`, until
  /// it has one. Time in which the subtask is held up by those behind it does not count. Throws
  /// std::invalid_argument unless it is above 0.
  Watermarks idle_after(Duration silence) const {
    if (silence <= Duration{})
      throw std::invalid_argument{"idle_after(silence): the silence must be above 0"};
    Watermarks result = *this;
    result.idle_after_ = silence;
    return result;
  }

  /// A record whose time is further ahead of the wall clock than this moves no watermark on: one
  /// broken clock would make all others late. The record itself passes. Throws
  /// std::invalid_argument if it is negative.
  Watermarks at_most_ahead(Duration distance) const {
    if (distance < Duration{})
      throw std::invalid_argument{"at_most_ahead(distance): the distance must not be negative"};
    Watermarks result = *this;
    result.at_most_ahead_ = distance;
    return result;
  }

  const G& generator() const { return generator_; }
  std::optional<Duration> idle_after() const { return idle_after_; }
  std::optional<Duration> at_most_ahead() const { return at_most_ahead_; }

private:
  G generator_;
  std::optional<Duration> idle_after_;
  std::optional<Duration> at_most_ahead_;
};

/// Watermarks for records that come at most `lag` out of order: a record is late when one whose
/// time is by more than `lag` later has come before it. Rounded up to milliseconds. Throws
/// std::invalid_argument if it is negative.
inline Watermarks<BoundedLag> bounded_lag(Duration lag) {
  if (lag < Duration{})
    throw std::invalid_argument{"bounded_lag(lag): the lag must not be negative"};
  return Watermarks{BoundedLag{std::chrono::ceil<std::chrono::milliseconds>(lag)}};
}

/// Watermarks for records whose times never go back, within a split.
inline Watermarks<BoundedLag> monotonic() {
  return bounded_lag(Duration{});
}

/// Watermarks by a generator of your own.
template <class G>
Watermarks<G> watermarks(G generator) {
  return Watermarks<G>{std::move(generator)};
}

}  // namespace weir
