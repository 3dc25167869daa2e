// TimedOperator: runs a process function that has timers.
#pragma once

#include <weir/detail/keyed_operator.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace weir::detail {

// So that barriers and records need not wait long; as many as a slice has records.
inline constexpr std::size_t kTimersAtOnce = 128;

/// See the file comment. Base is the operator without its timers. They fire one at a time, between
/// records, in the order of their queue.
template <class Base>
class TimedOperator final : public Base, private OperatorTimers {
  using K = typename Base::key_type;

public:
  using Base::Base;

  /// Records of an operator before this one may have set timers after event time had ended.
  bool finish() override { return advance_event_time(Timestamp::max()); }

  bool advance_event_time(Timestamp to) override {
    service().advance_event_time(to);
    return fire(TimeDomain::event_time, service().event_time());
  }

  OperatorTimers* timers() override { return this; }

private:
  void restore() override { service().restore(); }

  std::optional<Timestamp> next_processing() const override {
    return service().of(TimeDomain::processing_time).next();
  }
  bool advance_processing_time(Timestamp to) override {
    return fire(TimeDomain::processing_time, to);
  }

  /// Fires timers up to `to`, a few of them; returns whether none is left.
  bool fire(TimeDomain domain, Timestamp to) {
    Timers<K>& timers = service().of(domain);
    if (!timers.is_due(to)) return true;
    if (this->state_.expires()) this->drop_expired(kTimersAtOnce);
    if (this->state_.backed() != nullptr) load_ahead(timers.due(to, kTimersAtOnce));
    const std::uint64_t flushes_max = this->out_.main.flushes() + kFinishBatches;
    for (std::size_t i = 0; i < kTimersAtOnce && this->out_.main.flushes() < flushes_max; ++i) {
      if (!timers.is_due(to)) break;
      const Timer<K> timer = timers.pop();
      this->state_.enter(timer.hash, timer.key);
      timers.fired(timer.time);
      service().on_fired();
      this->out_.main.set_time(domain == TimeDomain::event_time ? timer.time : kNoTime);
      this->body_.on_timer(timer.time, domain, timer.key, this->info_, this->out_.main);
      this->state_.leave();
    }
    this->out_.flush();
    return !timers.is_due(to);
  }

  /// Reads the rows of these timers together; makes room for rows in any case.
  void load_ahead(const std::vector<Timer<K>>& due) {
    std::vector<std::uint64_t> hashes;
    for (const Timer<K>& timer : due) hashes.push_back(timer.hash);
    this->state_.load_ahead(hashes, 0, due.size(),
                            [&](std::size_t i) -> const K& { return due[i].key; });
  }

  TimerService<K>& service() { return this->body_.timers(); }
  const TimerService<K>& service() const { return this->body_.timers(); }
};

/// The operator of the process function P: Base, with timers if P handles any.
template <class P, class Base>
using WithTimers = std::conditional_t<has_timers<P>(), TimedOperator<Base>, Base>;

}  // namespace weir::detail
