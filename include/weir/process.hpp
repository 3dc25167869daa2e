// Process functions: operators written as classes, with state as members.
#pragma once

#include <weir/detail/timer_service.hpp>
#include <weir/emit.hpp>
#include <weir/metrics.hpp>
#include <weir/operator_state.hpp>
#include <weir/side_output.hpp>
#include <weir/state.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace weir {

/// Where an operator instance runs.
struct OperatorInfo {
  std::string_view job;
  std::string_view name;
  std::uint32_t subtask = 0;  ///< from 0 to parallelism - 1
  std::uint32_t parallelism = 1;
  std::uint32_t attempt = 1;  ///< 1 for the first execution, one more after each restart
};

/// What a keyed process function may ask while it handles a record or a timer. Valid only during
/// the call that received it.
template <class K>
class Context {
public:
  const K& key() const { return key_; }
  const OperatorInfo& info() const { return info_; }

  /// The key's timers that fire when event time has come as far as they say; at the end of a
  /// bounded input all do. Throws std::logic_error if the process does not override `on_timer`.
  Timers<K>& event_timers() { return timers_.of(TimeDomain::event_time); }
  /// The same by the wall clock of the process. They fire when a later millisecond has begun; one
  /// that came due while the job was down fires when it is back. After the end of the input none
  /// do.
  Timers<K>& processing_timers() { return timers_.of(TimeDomain::processing_time); }

  /// In `on_timer`: which kind of timer it is. Throws std::logic_error in `on_record`.
  TimeDomain time_domain() const {
    if (fired_ == nullptr)
      throw std::logic_error{"it asks for the time domain of a timer in on_record"};
    return *fired_;
  }

  /// The time of the record that is handled, or in `on_timer` of an event timer; none: the stream
  /// has no times, see Stream::event_time.
  std::optional<Timestamp> timestamp() const {
    return time_ == detail::kNoTime ? std::nullopt : std::optional{time_};
  }
  /// What the wall clock of the process shows. It may jump in both directions.
  Timestamp processing_time() const { return timers_.processing_time(); }
  /// How far event time has come: nothing at or before it is expected any more. The least time
  /// there is while nothing is known, also after a restart; the greatest at the end of the input.
  Timestamp event_time() const { return timers_.event_time(); }

  /// For the engine. `fired` is null unless a timer is handled; `time` may be kNoTime.
  Context(const K& key, const OperatorInfo& info, detail::TimerService<K>& timers,
          const TimeDomain* fired, Timestamp time)
      : key_{key}, info_{info}, timers_{timers}, fired_{fired}, time_{time} {}

private:
  const K& key_;
  const OperatorInfo& info_;
  detail::TimerService<K>& timers_;
  const TimeDomain* fired_;
  Timestamp time_;
};

/// What process functions on keyed streams have in common; see KeyedProcess, and those with two
/// inputs in weir/co_process.hpp.
template <class K, class Out>
class KeyedFunction : public StateOwner {
  static_assert(detail::RecordCheck<K>::ok);
  static_assert(detail::RecordCheck<Out>::ok);
  static_assert(std::equality_comparable<K>, "KeyedProcess<K, In, Out>: K needs ==");

public:
  using key_type = K;
  using out_type = Out;
  using Ctx = Context<K>;

  virtual ~KeyedFunction() = default;

  /// Handles a timer that was set for `at`. State handles show the state of `ctx.key()`. A timer
  /// that it sets and that is already due fires soon after.
  virtual void on_timer([[maybe_unused]] Timestamp at, Ctx&, Emit<Out>&) {}
};

/// An operator on a keyed stream. One object serves all keys of a subtask, one record at a time.
/// It is built on each subtask, and once more when the job is checked; it is never copied.
/// Exceptions thrown by its functions fail the subtask; the job's restart strategy then decides.
template <class K, class In, class Out>
class KeyedProcess : public KeyedFunction<K, Out> {
  static_assert(detail::RecordCheck<In>::ok);

public:
  using in_type = In;
  using Ctx = Context<K>;

  /// Handles one record. State handles show the state of `ctx.key()`.
  virtual void on_record(const In& record, Ctx& ctx, Emit<Out>& out) = 0;
};

/// An operator on a stream without keys. Its members may be operator state, which survives
/// restarts; see weir/operator_state.hpp. It is built on each subtask, and once more when the job
/// is checked. Exceptions thrown by its functions fail the subtask.
template <class In, class Out>
class Process : public StateOwner {
  static_assert(detail::RecordCheck<In>::ok);
  static_assert(detail::RecordCheck<Out>::ok);

public:
  using in_type = In;
  using out_type = Out;

  virtual ~Process() = default;

  /// Handles one record.
  virtual void on_record(const In& record, const OperatorInfo& info, Emit<Out>& out) = 0;

  /// Called once before the first record if the subtask restored any operator state of a
  /// checkpoint.
  virtual void on_restore(const OperatorInfo&) {}

  /// Event time has come to `to`: nothing at or before it is expected any more. Called whenever it
  /// moves on, before the next record, and before others hear of it. The end of a bounded input is
  /// the greatest time there is, and the only one if the stream has no times, see
  /// Stream::event_time. What is emitted here has the time `to`; at the end it has none.
  virtual void on_watermark([[maybe_unused]] Timestamp to, const OperatorInfo&, Emit<Out>&) {}

  /// Called once after the last record of a bounded input; may emit what was held back.
  virtual void on_end(Emit<Out>&) {}
};

}  // namespace weir
