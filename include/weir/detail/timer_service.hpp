// TimerService: what time it is for one keyed process function, and its timers.
#pragma once

#include <weir/clock.hpp>
#include <weir/metrics.hpp>
#include <weir/timers.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>

namespace weir::detail {

/// See the file comment. A process that does not override `on_timer` has no timers: neither memory
/// nor a column is spent on them.
template <class K>
class TimerService {
public:
  /// Declares the states that hold timers, behind those of `process`, if it `has_timers`.
  TimerService(StateOwner& process, bool has_timers) {
    if (has_timers) timers_ = std::make_unique<Both>(process);
  }

  void bind(KeyedStateOf<K>& state, const Clock* clock) {
    if (clock != nullptr) clock_ = clock;
    if (timers_ == nullptr) return;
    timers_->event.bind(state);
    timers_->processing.bind(state);
  }

  /// Throws std::logic_error if there are none.
  Timers<K>& of(TimeDomain domain) const {
    if (timers_ == nullptr)
      throw std::logic_error{
          "it asks for timers, but nothing would happen when they fire: override on_timer"};
    return domain == TimeDomain::event_time ? timers_->event : timers_->processing;
  }

  /// May throw StoreError.
  void restore() {
    timers_->event.restore();
    timers_->processing.restore();
  }

  /// One of them has fired.
  void on_fired() { timers_->fired.add(); }

  Timestamp processing_time() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock_->wall());
  }
  /// Not part of a snapshot: after a restore it begins anew.
  Timestamp event_time() const { return event_time_; }
  /// Never goes back.
  void advance_event_time(Timestamp to) { event_time_ = std::max(event_time_, to); }

private:
  struct Both {
    explicit Both(StateOwner& process)
        : event{process, TimeDomain::event_time},
          processing{process, TimeDomain::processing_time},
          fired{process, "numFiredTimers"} {}
    Timers<K> event;
    Timers<K> processing;
    Counter fired;
  };

  std::unique_ptr<Both> timers_;
  const Clock* clock_ = &Clock::system();
  Timestamp event_time_ = Timestamp::min();
};

}  // namespace weir::detail
