// Process functions with two inputs: connected streams end in one of them.
//
//   orders.key_by(&Order::customer)
//       .connect(payments.key_by(&Payment::customer))
//       .process<Settlement>("settle")
//
// KeyedCoProcess            both inputs have keys: records of either meet in the state of their key
// KeyedBroadcastProcess     the first has keys; the second goes to all subtasks, and is remembered
//                           in state that is the same at all of them
// CoProcess                 neither has keys
//
// The records of one sender to one subtask stay in order. Nothing is promised about the order of
// records of different inputs: whichever comes first is handled first, and after a failure it may
// be the other one. Event time is how far both inputs have come.
#pragma once

#include <weir/detail/callable.hpp>
#include <weir/operator_state.hpp>
#include <weir/process.hpp>

#include <concepts>
#include <optional>
#include <string_view>

namespace weir {

/// An operator on two streams with the same keys. One object serves all keys of a subtask, one
/// record at a time. It is built on each subtask, and once more when the job is checked; it is
/// never copied. Exceptions thrown by its functions fail the subtask.
template <class K, class First, class Second, class Out>
class KeyedCoProcess : public KeyedFunction<K, Out> {
  static_assert(detail::RecordCheck<First>::ok);
  static_assert(detail::RecordCheck<Second>::ok);

public:
  using first_type = First;
  using second_type = Second;
  using Ctx = Context<K>;

  /// Handles a record of the stream on which `connect` was called. State handles show the state of
  /// `ctx.key()`, which both inputs share.
  virtual void on_first(const First& record, Ctx& ctx, Emit<Out>& out) = 0;

  /// Handles a record of the stream that was connected to it.
  virtual void on_second(const Second& record, Ctx& ctx, Emit<Out>& out) = 0;
};

/// An operator on two streams without keys. Its members may be operator state, which survives
/// restarts; see weir/operator_state.hpp. It is built on each subtask, and once more when the job
/// is checked. Exceptions thrown by its functions fail the subtask.
template <class First, class Second, class Out>
class CoProcess : public StateOwner {
  static_assert(detail::RecordCheck<First>::ok);
  static_assert(detail::RecordCheck<Second>::ok);
  static_assert(detail::RecordCheck<Out>::ok);

public:
  using first_type = First;
  using second_type = Second;
  using out_type = Out;

  virtual ~CoProcess() = default;

  /// Handles a record of the stream on which `connect` was called.
  virtual void on_first(const First& record, const OperatorInfo& info, Emit<Out>& out) = 0;

  /// Handles a record of the stream that was connected to it.
  virtual void on_second(const Second& record, const OperatorInfo& info, Emit<Out>& out) = 0;

  /// Called once before the first record if the subtask restored any operator state of a
  /// checkpoint.
  virtual void on_restore(const OperatorInfo&) {}

  /// Event time has come to `to` by both inputs; see Process.
  virtual void on_watermark([[maybe_unused]] Timestamp to, const OperatorInfo&, Emit<Out>&) {}

  /// Called once after the last record of both inputs, if they are bounded; may emit what was held
  /// back.
  virtual void on_end(Emit<Out>&) {}
};

/// What a KeyedBroadcastProcess shares between all keys: a map that is the same at all subtasks. It
/// is read everywhere, and changed only in `on_broadcast`, by `ctx.edit(rules_).put(...)`. See
/// BroadcastState for what a restart does to it.
template <class K, class V>
class ReadOnlyBroadcastState : private BroadcastState<K, V> {
  using Base = BroadcastState<K, V>;

public:
  ReadOnlyBroadcastState(StateOwner& owner, std::string_view name) : Base{owner, name, true} {}

  using Base::begin;
  using Base::contains;
  using Base::empty;
  using Base::end;
  using Base::find;
  using Base::get;
  using Base::size;

  /// Changes belong in `on_broadcast`, so these do not compile, and say why.
  template <class... A>
  void put(A&&...) const {
    refuse<A...>();
  }
  template <class... A>
  void remove(A&&...) const {
    refuse<A...>();
  }
  template <class... A>
  void clear(A&&...) const {
    refuse<A...>();
  }

private:
  friend class BroadcastContext;

  template <class... A>
  static void refuse() {
    static_assert(detail::kAlwaysFalse<A...>,
                  "ReadOnlyBroadcastState is changed in on_broadcast alone, by "
                  "ctx.edit(state).put(key, value): else it would not be the same at all subtasks");
  }
};

/// What a KeyedBroadcastProcess may ask while it handles a record that went to all subtasks. Valid
/// only during the call that received it. There is no key, and so no timers, and no state of keys
/// but by `for_each_key`.
class BroadcastContext {
public:
  /// Lets a state be changed. Make of equal records equal changes, whatever the subtask, the clock
  /// or the records of the other input: the state must be the same everywhere.
  template <class K, class V>
  BroadcastState<K, V>& edit(ReadOnlyBroadcastState<K, V>& state) const {
    return state;
  }

  const OperatorInfo& info() const { return info_; }
  /// The time of the record; none: its stream has no times, see Stream::event_time.
  std::optional<Timestamp> timestamp() const {
    return time_ == detail::kNoTime ? std::nullopt : std::optional{time_};
  }
  /// How far event time has come, by both inputs; see Context.
  Timestamp event_time() const { return event_time_; }
  /// What the wall clock of the process shows. It differs from subtask to subtask.
  Timestamp processing_time() const { return processing_time_; }

  /// For the engine. `time` may be kNoTime.
  BroadcastContext(const OperatorInfo& info, Timestamp time, Timestamp event_time,
                   Timestamp processing_time)
      : info_{info}, time_{time}, event_time_{event_time}, processing_time_{processing_time} {}

private:
  const OperatorInfo& info_;
  Timestamp time_;
  Timestamp event_time_;
  Timestamp processing_time_;
};

namespace detail {

/// Whether the current key has anything in a state.
template <class State>
bool has_any(const State& state) {
  if constexpr (requires { state.entries(); })
    return !state.entries().empty();
  else if constexpr (requires { state.find(); })
    return state.find() != nullptr;
  else if constexpr (requires { state.get().empty(); })
    return !state.get().empty();
  else
    return state.get().has_value();
}

}  // namespace detail

/// The same for a function on a stream whose keys are of type K.
template <class K>
class KeyedBroadcastContext final : public BroadcastContext {
public:
  /// Calls `f(key)` for each key of this subtask that has something in `state`, a state of keys of
  /// this process, in any order. Meanwhile all its states of keys show what that key has, and may
  /// be changed. `f` may emit, but must not call `for_each_key`. Takes as long as it takes to read
  /// all of the state: meanwhile the subtask does nothing else.
  template <class State, class F>
  void for_each_key(const State& state, F&& f) const {
    keys_.for_each_key(detail::HandleOf::state(state).index(), [&](const K& key) {
      if (detail::has_any(state)) f(key);
    });
  }

  /// For the engine. `time` may be kNoTime.
  KeyedBroadcastContext(const OperatorInfo& info, Timestamp time, Timestamp event_time,
                        Timestamp processing_time, detail::KeyedStateOf<K>& keys)
      : BroadcastContext{info, time, event_time, processing_time}, keys_{keys} {}

private:
  detail::KeyedStateOf<K>& keys_;
};

/// An operator on a keyed stream that follows another one, of which every subtask gets all records:
/// rules, prices, models. Otherwise as KeyedCoProcess. Nothing says which records of the keyed
/// stream a new rule is in time for; a subtask that is busy learns of it later than others.
template <class K, class In, class Rule, class Out>
class KeyedBroadcastProcess : public KeyedFunction<K, Out> {
  static_assert(detail::RecordCheck<In>::ok);
  static_assert(detail::RecordCheck<Rule>::ok);

public:
  using in_type = In;
  using broadcast_type = Rule;
  using Ctx = Context<K>;
  using BroadcastCtx = KeyedBroadcastContext<K>;

  /// Handles a record of the keyed stream. State handles show the state of `ctx.key()`.
  virtual void on_record(const In& record, Ctx& ctx, Emit<Out>& out) = 0;

  /// Handles a record that all subtasks get. What it emits leaves once from each of them. Using
  /// state of keys here throws std::logic_error, unless in `ctx.for_each_key`.
  virtual void on_broadcast(const Rule& record, BroadcastCtx& ctx, Emit<Out>& out) = 0;
};

}  // namespace weir
