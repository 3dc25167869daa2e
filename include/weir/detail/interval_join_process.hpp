// IntervalJoinProcess: pairs of records with equal keys whose times are near each other.
//
// A record meets what is kept of the other stream, and is kept itself until event time has passed
// the last time that a partner could have: a timer for the oldest of each side drops it, and sets
// the next one. A record at or behind event time is late and meets nothing: partners may be gone.
//
// So what comes out does not depend on the order in which the two streams are read: it is all pairs
// in the interval of records that were not late. (Flink takes a record at just the time of the
// watermark, whose partners at the very end of the interval it has dropped by then.)
#pragma once

#include <weir/co_process.hpp>
#include <weir/detail/join_result.hpp>
#include <weir/detail/late_records.hpp>
#include <weir/detail/window_cells.hpp>
#include <weir/detail/window_time.hpp>
#include <weir/joins.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir::detail {

/// See the file comment.
template <class K, class First, class Second, class Out, class F>
class IntervalJoinProcess final : public KeyedCoProcess<K, First, Second, Out> {
public:
  using Ctx = Context<K>;

  IntervalJoinProcess(JoinInterval interval, F f) : of_first_{interval}, f_{std::move(f)} {}

  void on_first(const First& record, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp time = time_of(ctx);
    if (time <= ctx.event_time()) return late_first_(record);
    for_each_near(seconds_, time, of_first_, out,
                  [&](const Second& other) { join_pair(f_, record, other, out); });
    keep(firsts_, record, time, of_first_, ctx);
  }

  void on_second(const Second& record, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp time = time_of(ctx);
    if (time <= ctx.event_time()) return late_second_(record);
    for_each_near(firsts_, time, of_second_, out,
                  [&](const First& other) { join_pair(f_, other, record, out); });
    keep(seconds_, record, time, of_second_, ctx);
  }

  void on_timer(Timestamp at, Ctx& ctx, Emit<Out>&) override {
    drop(firsts_, of_first_, at, ctx);
    drop(seconds_, of_second_, at, ctx);
  }

private:
  static Timestamp time_of(const Ctx& ctx) {
    if (const auto time = ctx.timestamp()) return *time;
    throw std::logic_error{
        "a record has no time: put event_time(...) on every stream that leads to an interval_join"};
  }

  /// Calls `f` for each record whose time is in the interval around `time`, the oldest first; what
  /// it emits has the later of the two times.
  template <class Other, class Each>
  static void for_each_near(const WindowCells<std::vector<Other>>& others, Timestamp time,
                            const JoinInterval& interval, Emit<Out>& out, Each&& f) {
    const auto& all = others.all();
    const Timestamp last = shifted(time, interval.upper());
    for (auto at = all.lower_bound(shifted(time, interval.lower()));
         at != all.end() && at->first <= last; ++at) {
      out.set_time(std::max(time, at->first));
      for (const Other& other : at->second) f(other);
    }
  }

  /// Keeps a record until none of its partners can come any more.
  template <class Record>
  static void keep(WindowCells<std::vector<Record>>& records, const Record& record, Timestamp time,
                   const JoinInterval& interval, Ctx& ctx) {
    const Timestamp last = shifted(time, interval.upper());
    if (last <= ctx.event_time()) return;
    if (auto* same_time = records.edit(time)) return same_time->push_back(record);
    records.put(time, std::vector<Record>(1, record));
    if (records.all().begin()->first == time) ctx.event_timers().at(last);
  }

  template <class Record>
  static void drop(WindowCells<std::vector<Record>>& records, const JoinInterval& interval,
                   Timestamp passed, Ctx& ctx) {
    while (!records.all().empty()) {
      const Timestamp oldest = records.all().begin()->first;
      const Timestamp last = shifted(oldest, interval.upper());
      if (last > passed) return ctx.event_timers().at(last);
      records.remove(oldest);
    }
  }

  JoinInterval of_first_;                                           // around a first record
  JoinInterval of_second_{-of_first_.upper(), -of_first_.lower()};  // around a second one
  F f_;
  WindowCells<std::vector<First>> firsts_{*this, "first"};  // by their times
  WindowCells<std::vector<Second>> seconds_{*this, "second"};
  Counter dropped_{*this, kLateRecordsDropped};
  LateRecords<First> late_first_{*this, "late-first", dropped_};
  LateRecords<Second> late_second_{*this, "late-second", dropped_};
};

}  // namespace weir::detail
