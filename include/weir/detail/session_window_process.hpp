// SessionWindowProcess: windows that end when nothing has come for the length of a gap.
//
// A key has a cell for each session, by its start. A record is a session of its own, as long as the
// gap; it becomes one with those that it meets or touches. A session that has not ended has a timer
// that is not later than its end: when it fires and the session has become longer meanwhile, it is
// set anew. So a record that only makes a session longer sets no timer.
//
// With a lateness, a session is kept for that long behind its end; a record that is late makes its
// result once more, at once, if the session it belongs to has ended.
#pragma once

#include <weir/detail/late_records.hpp>
#include <weir/detail/session_merge.hpp>
#include <weir/detail/window_cells.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::detail {

/// What is known of a session. On disk: do not change.
template <class Sum>
struct Session {
  Timestamp end;
  Sum sum;
};

/// See the file comment. Rules as for TimeWindowProcess.
template <class K, class T, class Sum, class Out, class Rules>
class SessionWindowProcess final : public KeyedProcess<K, T, Out> {
public:
  using Ctx = typename KeyedProcess<K, T, Out>::Ctx;

  SessionWindowProcess(const SessionWindows& windows, std::chrono::milliseconds lateness,
                       Rules rules)
      : gap_{windows.gap}, time_{windows.domain}, lateness_{lateness}, rules_{std::move(rules)} {}

  void on_record(const T& record, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp time = time_.of_record(ctx);
    const Timestamp passed = time_.passed(ctx);
    const Window own = session_of(time, gap_);
    bool has_timer = false;  // one of those that the record is in has not ended
    const MergedSession found =
        merge_sessions(sessions_.all(), own, [&](Timestamp start, const Session<Sum>& session) {
          has_timer = has_timer || Window{start, session.end}.last() > passed;
        });
    if (is_over(found.window.end, passed)) return late_(record);
    join(record, own, found);
    if (found.window.last() > passed) {
      if (!has_timer) time_.timers(ctx).at(found.window.last());
    } else {
      fire(found.window.start, ctx, out);
    }
  }

  void on_timer(Timestamp at, Ctx& ctx, Emit<Out>& out) override {
    std::vector<Timestamp> ended;
    for (const auto& [start, session] : sessions_.all()) {
      if (start > at) break;
      const Timestamp last = Window{start, session.end}.last();
      if (last > at)
        time_.timers(ctx).at(last);  // it has become longer
      else
        ended.push_back(start);
    }
    for (const Timestamp start : ended) end(start, at, ctx, out);
  }

private:
  bool is_over(Timestamp end, Timestamp passed) const {
    return is_past(end - std::chrono::milliseconds{1}, passed, lateness_);
  }

  /// Makes one session of those that were found, in their order, and of the record.
  void join(const T& record, const Window& own, const MergedSession& found) {
    if (found.starts.size() == 1 && found.window.start == found.starts[0]) {
      Session<Sum>& session = *sessions_.edit(found.starts[0]);
      session.end = found.window.end;
      return rules_.add(session.sum, record);
    }
    Sum sum = rules_.begin(record);
    if (!found.starts.empty()) {
      sum = sessions_.find(found.starts[0])->sum;
      for (std::size_t i = 1; i < found.starts.size(); ++i)
        rules_.merge(sum, sessions_.find(found.starts[i])->sum);
      rules_.add(sum, record);
    }
    for (const Timestamp start : found.starts) sessions_.remove(start);
    sessions_.put(std::min(own.start, found.window.start), {found.window.end, std::move(sum)});
  }

  /// A session has ended, now or earlier.
  void end(Timestamp start, Timestamp at, Ctx& ctx, Emit<Out>& out) {
    const Timestamp session_end = sessions_.find(start)->end;
    if (Window{start, session_end}.last() == at) fire(start, ctx, out);
    if (is_over(session_end, at)) sessions_.remove(start);
  }

  /// Emits the result of a session, and sees to it that it is dropped when it is over.
  void fire(Timestamp start, Ctx& ctx, Emit<Out>& out) {
    const Session<Sum>& session = *sessions_.find(start);
    const Window window{start, session.end};
    out.set_time(window.last());
    rules_.emit(ctx.key(), window, session.sum, out);
    if (lateness_ != lateness_.zero() && window.last() <= Timestamp::max() - lateness_)
      time_.timers(ctx).at(window.last() + lateness_);
  }

  std::chrono::milliseconds gap_;
  WindowTime<K> time_;
  std::chrono::milliseconds lateness_;
  Rules rules_;
  WindowCells<Session<Sum>> sessions_{*this, "sessions"};
  Counter dropped_{*this, kLateRecordsDropped};
  LateRecords<T> late_{*this, "late", dropped_};
};

}  // namespace weir::detail
