// Triggers: when a window makes its result. Without one it does when it has ended.
//
//   .window(weir::tumbling(24h))
//   .trigger(weir::trigger::every(1min))  // what the day has come to so far
//   .count("per-day")
//
// A trigger of your own is a copyable class with
//
//   using State = ...;  // what it keeps for each window of each key: a record, std::tuple<> if
//                       // nothing
//   weir::TriggerResult on_record(const T&, weir::TriggerContext<State>&) const;
//
// and, if it asks to be called later (`ctx.at_event_time`, `ctx.at_processing_time`), with
//
//   weir::TriggerResult on_event_time(weir::Timestamp, weir::TriggerContext<State>&) const;
//   weir::TriggerResult on_processing_time(weir::Timestamp, weir::TriggerContext<State>&) const;
//
// and, if it is to serve sessions, which merge, with
//
//   void merge(State& state, const State& other) const;
//   void on_merge(weir::TriggerContext<State>&) const;  // asks again for the calls that it needs
//
// Exceptions thrown by these fail the subtask, as those of process functions do. The same one
// object serves all windows of a subtask: what it knows of one belongs into its state.
#pragma once

#include <weir/detail/callable.hpp>
#include <weir/detail/window_time.hpp>
#include <weir/windows.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// What a window does after its trigger was called.
enum class TriggerResult : std::uint8_t {
  wait,
  fire,            ///< makes its result of what it has, and goes on
  purge,           ///< forgets its records
  fire_and_purge,  ///< makes its result, and begins anew
};

namespace detail {

/// The moments at which the trigger of a window is to be called, ascending, by time domain. It is
/// on disk, as are the States of the triggers here: do not change.
struct Alarms {
  std::vector<Timestamp> event;
  std::vector<Timestamp> processing;

  std::vector<Timestamp>& of(TimeDomain domain) {
    return domain == TimeDomain::event_time ? event : processing;
  }
  const std::vector<Timestamp>& of(TimeDomain domain) const {
    return domain == TimeDomain::event_time ? event : processing;
  }
  bool has(TimeDomain domain, Timestamp at) const {
    return std::binary_search(of(domain).begin(), of(domain).end(), at);
  }
  bool empty() const { return event.empty() && processing.empty(); }
  void add(TimeDomain domain, Timestamp at) {
    std::vector<Timestamp>& all = of(domain);
    all.insert(std::upper_bound(all.begin(), all.end(), at), at);
  }
  void remove(TimeDomain domain, Timestamp at) { std::erase(of(domain), at); }
};

/// What time it is for a window.
class TriggerTimes {
public:
  /// `domain` is the one by which the window ends.
  explicit TriggerTimes(TimeDomain domain) : domain_{domain} {}
  TimeDomain domain() const { return domain_; }
  virtual Timestamp event_time() const = 0;
  virtual Timestamp processing_time() const = 0;

protected:
  ~TriggerTimes() = default;

private:
  TimeDomain domain_;
};

}  // namespace detail

/// What a trigger may ask, and ask for, while it is called. Valid only during the call.
template <class State>
class TriggerContext {
public:
  /// The window; `Window::last` of a global one is so late that only the end of the input reaches
  /// it.
  const Window& window() const { return window_; }
  /// What the trigger keeps for this window of this key; value-initialised at first.
  State& state() { return state_; }
  /// The time of the record that is handled; of the call, if none is. Throws std::logic_error if
  /// the record has no time.
  Timestamp time() const {
    if (time_ == detail::kNoTime) detail::fail_without_time();
    return time_;
  }

  /// How far event time has come: nothing at or before it is expected any more.
  Timestamp event_time() const { return times_.event_time(); }
  /// What the wall clock of the process shows.
  Timestamp processing_time() const { return times_.processing_time(); }
  /// By which of them the window ends.
  TimeDomain domain() const { return times_.domain(); }
  /// How far that one has come: at or after `window().last()` the window has ended.
  Timestamp passed() const {
    return domain() == TimeDomain::event_time ? event_time()
                                              : processing_time() - std::chrono::milliseconds{1};
  }

  /// Lets `on_event_time(at, ...)` be called for this window when event time has come as far as
  /// `at`, soon if it has; once, however often it is asked for.
  void at_event_time(Timestamp at) { ask(TimeDomain::event_time, at); }
  /// Lets `on_processing_time(at, ...)` be called when the wall clock has.
  void at_processing_time(Timestamp at) { ask(TimeDomain::processing_time, at); }
  /// One or the other, as the window ends by.
  void at(Timestamp at) { ask(domain(), at); }

  /// For the engine: `alarms` are those of the window; `asked` takes what is new.
  TriggerContext(const Window& window, State& state, Timestamp time,
                 const detail::TriggerTimes& times, detail::Alarms& alarms, detail::Alarms& asked)
      : window_{window},
        state_{state},
        time_{time},
        times_{times},
        alarms_{alarms},
        asked_{asked} {}

private:
  void ask(TimeDomain domain, Timestamp at) {
    if (alarms_.has(domain, at)) return;
    alarms_.add(domain, at);
    asked_.add(domain, at);
  }

  const Window& window_;
  State& state_;
  Timestamp time_;
  const detail::TriggerTimes& times_;
  detail::Alarms& alarms_;
  detail::Alarms& asked_;
};

/// What `trigger(...)` takes on windows of a stream of T; see the file comment.
template <class G, class T>
concept Trigger = std::copy_constructible<G> && Record<typename G::State> &&
    std::default_initializable<typename G::State> &&
    requires(const G& trigger, const T& record, TriggerContext<typename G::State>& context) {
  { trigger.on_record(record, context) } -> std::same_as<TriggerResult>;
};

/// A trigger that can serve sessions.
template <class G>
concept MergingTrigger = requires(const G& trigger, typename G::State& state,
                                  const typename G::State& other,
                                  TriggerContext<typename G::State>& context) {
  trigger.merge(state, other);
  trigger.on_merge(context);
};

namespace detail {

/// Calls a trigger that asked to be called then. Throws std::logic_error if it cannot be: it would
/// wait for ever.
template <TimeDomain D, class G>
TriggerResult call_at(const G& trigger, Timestamp at, TriggerContext<typename G::State>& context) {
  if constexpr (D == TimeDomain::event_time) {
    if constexpr (requires { trigger.on_event_time(at, context); })
      return trigger.on_event_time(at, context);
  } else {
    if constexpr (requires { trigger.on_processing_time(at, context); })
      return trigger.on_processing_time(at, context);
  }
  const std::string what = D == TimeDomain::event_time ? "event_time" : "processing_time";
  throw std::logic_error{"its trigger asked to be called at a time, and cannot be: give it a " +
                         what + " function, TriggerResult on_" + what +
                         "(weir::Timestamp, weir::TriggerContext<State>&) const"};
}

/// When the window has ended.
struct AtEnd {
  using State = std::tuple<>;
  using Ctx = TriggerContext<State>;

  template <class T>
  TriggerResult on_record(const T&, Ctx& ctx) const {
    if (ctx.window().last() <= ctx.passed()) return TriggerResult::fire;  // it is late
    ctx.at(ctx.window().last());
    return TriggerResult::wait;
  }
  TriggerResult on_event_time(Timestamp at, Ctx& ctx) const { return on_time(at, ctx); }
  TriggerResult on_processing_time(Timestamp at, Ctx& ctx) const { return on_time(at, ctx); }

  void merge(State&, const State&) const {}
  void on_merge(Ctx& ctx) const {
    if (ctx.window().last() > ctx.passed()) ctx.at(ctx.window().last());
  }

private:
  static TriggerResult on_time(Timestamp at, const Ctx& ctx) {
    return at == ctx.window().last() ? TriggerResult::fire : TriggerResult::wait;
  }
};

/// After so many records.
struct AfterRecords {
  using State = std::uint64_t;  // records since the last time
  using Ctx = TriggerContext<State>;
  std::uint64_t count;

  template <class T>
  TriggerResult on_record(const T&, Ctx& ctx) const {
    if (++ctx.state() < count) return TriggerResult::wait;
    ctx.state() = 0;
    return TriggerResult::fire;
  }

  void merge(State& records, State others) const { records += others; }
  void on_merge(Ctx&) const {}
};

/// Again and again, and when the window has ended.
struct AgainAndAgain {
  using State = std::optional<Timestamp>;  // when it fires next; none: not before the next record
  using Ctx = TriggerContext<State>;
  std::chrono::milliseconds interval;

  template <class T>
  TriggerResult on_record(const T&, Ctx& ctx) const {
    if (ctx.window().last() <= ctx.passed()) return TriggerResult::fire;  // it is late
    ctx.at(ctx.window().last());
    const bool in_event_time = ctx.domain() == TimeDomain::event_time;
    const Timestamp time = in_event_time ? ctx.time() : ctx.processing_time();
    if (!ctx.state()) arm(ctx, std::max(time, ctx.passed()));
    return TriggerResult::wait;
  }
  TriggerResult on_event_time(Timestamp at, Ctx& ctx) const { return on_time(at, ctx); }
  TriggerResult on_processing_time(Timestamp at, Ctx& ctx) const { return on_time(at, ctx); }

  void merge(State& next, const State& other) const {
    if (!next || (other && *other < *next)) next = other;
  }
  void on_merge(Ctx& ctx) const {
    if (ctx.window().last() > ctx.passed()) ctx.at(ctx.window().last());
    if (ctx.state()) ctx.at(*ctx.state());
  }

private:
  TriggerResult on_time(Timestamp at, Ctx& ctx) const {
    if (ctx.state() == at) {
      ctx.state().reset();
      arm(ctx, std::max(at, ctx.passed()));  // multiples that time has jumped over are one result
      return TriggerResult::fire;
    }
    return at == ctx.window().last() ? TriggerResult::fire : TriggerResult::wait;
  }

  /// For the first multiple of the interval behind `time`, unless the window ends before.
  void arm(Ctx& ctx, Timestamp time) const {
    const auto since = time.time_since_epoch() % interval;
    const auto rest = since < since.zero() ? -since : interval - since;
    const Timestamp next = shifted(time, rest);
    if (next >= ctx.window().last()) return;
    ctx.state() = next;
    ctx.at(*ctx.state());
  }
};

/// When a record has moved by more than a threshold since the last time.
template <class T, class F>
struct AfterChange {
  using State = std::optional<T>;  // the record of the last time
  using Ctx = TriggerContext<State>;
  double threshold;
  F distance;

  TriggerResult on_record(const T& record, Ctx& ctx) const {
    const bool fires = ctx.state() && distance(*ctx.state(), record) > threshold;
    if (fires || !ctx.state()) ctx.state() = record;
    return fires ? TriggerResult::fire : TriggerResult::wait;
  }
};

/// Another one that forgets the records of the window whenever it fires.
template <class G>
struct Purging {
  using State = typename G::State;
  using Ctx = TriggerContext<State>;
  G inner;

  template <class T>
  TriggerResult on_record(const T& record, Ctx& ctx) const requires Trigger<G, T> {
    return purge(inner.on_record(record, ctx));
  }
  TriggerResult on_event_time(Timestamp at, Ctx& ctx) const {
    return purge(call_at<TimeDomain::event_time>(inner, at, ctx));
  }
  TriggerResult on_processing_time(Timestamp at, Ctx& ctx) const {
    return purge(call_at<TimeDomain::processing_time>(inner, at, ctx));
  }
  void merge(State& state, const State& other) const requires MergingTrigger<G> {
    inner.merge(state, other);
  }
  void on_merge(Ctx& ctx) const requires MergingTrigger<G> { inner.on_merge(ctx); }

private:
  static TriggerResult purge(TriggerResult result) {
    return result == TriggerResult::fire ? TriggerResult::fire_and_purge : result;
  }
};

}  // namespace detail

/// The triggers that there are. They are Flink's, for windows in event time and by the wall clock
/// alike.
namespace trigger {

/// When the window has ended, and once more with each late record: what windows do without a
/// trigger.
inline detail::AtEnd at_end() {
  return {};
}

/// With every `count`-th record of the window, and not at its end. Throws std::invalid_argument if
/// it is 0.
inline detail::AfterRecords count(std::uint64_t count) {
  if (count == 0) throw std::invalid_argument{"trigger::count(count): it must be above 0"};
  return {count};
}

/// At the multiples of `interval` since 1970 in the window behind its first record, and at its end;
/// once for several at once. Throws std::invalid_argument unless it is whole milliseconds above 0.
inline detail::AgainAndAgain every(Duration interval) {
  return {detail::window_length(interval, "the interval of trigger::every")};
}

/// With a record for which `distance(last, record)`, a double, is more than `threshold`: `last` is
/// the first record of the window, then each that has fired. It must name its parameter types.
/// Not for sessions.
template <class F>
auto change(double threshold, F distance) {
  if constexpr (!detail::has_signature<F>()) {
    static_assert(detail::kAlwaysFalse<F>,
                  "trigger::change(threshold, distance): distance must name its parameter types");
  } else {
    using T = std::remove_cvref_t<std::tuple_element_t<0, typename detail::Signature<F>::args>>;
    return detail::AfterChange<T, F>{threshold, std::move(distance)};
  }
}

/// As `inner`, but the window begins anew whenever it has made its result.
template <class G>
detail::Purging<G> purging(G inner) {
  return {std::move(inner)};
}

}  // namespace trigger
}  // namespace weir
