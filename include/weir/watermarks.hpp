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
#include <string>
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

/// What a source keeps pace with, and how closely. See `Watermarks::aligned`.
struct WatermarkAlignment {
  std::string group;                      ///< of the sources that keep pace with each other
  std::chrono::milliseconds max_drift{};  ///< how far ahead of the slowest a split is read
  Duration every{};                       ///< how often a subtask tells the others how far it is
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

  /// Lets all sources of the job that name the same group keep pace: a split whose watermark is
  /// more than `max_drift` ahead of the slowest of the group is not read until that one has come
  /// closer, so that what is joined or put into windows need not be kept for long. Each source may
  /// have a `max_drift` of its own. Its subtasks say every `every` how far they are, and at once
  /// when they can read nothing more.
  ///
  /// Whoever is idle, see `idle_after`, or has ended holds nobody up; a split that has had no
  /// record yet does. Only for streams straight from a source, where each split can be read or not:
  /// anywhere else the job is refused.
  ///
  /// Throws std::invalid_argument if the group has no name, or unless both durations are above 0;
  /// `max_drift` is rounded up to milliseconds.
  Watermarks aligned(std::string group, Duration max_drift,
                     Duration every = std::chrono::seconds{1}) const {
    if (group.empty())
      throw std::invalid_argument{"aligned(group, max_drift): the group must have a name"};
    if (max_drift <= Duration{})
      throw std::invalid_argument{"aligned(group, max_drift): the drift must be above 0"};
    if (every <= Duration{})
      throw std::invalid_argument{"aligned(group, max_drift, every): the interval must be above 0"};
    Watermarks result = *this;
    result.alignment_ = {std::move(group), std::chrono::ceil<std::chrono::milliseconds>(max_drift),
                         every};
    return result;
  }

  const G& generator() const { return generator_; }
  std::optional<Duration> idle_after() const { return idle_after_; }
  std::optional<Duration> at_most_ahead() const { return at_most_ahead_; }
  const std::optional<WatermarkAlignment>& alignment() const { return alignment_; }

private:
  G generator_;
  std::optional<Duration> idle_after_;
  std::optional<Duration> at_most_ahead_;
  std::optional<WatermarkAlignment> alignment_;
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
