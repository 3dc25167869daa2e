// TriggeredWindowProcess: windows of any kind whose results a trigger asks for.
//
// A key has a cell for each window, by its start. Here windows share nothing: what a trigger keeps,
// and when it purges, is each window's own business.
//
// A cell has the moments at which its trigger wants to be called, and one at which it is looked
// whether the window is over. Each of them is a timer of the key, which all its windows share; a
// timer that no window needs any more is taken back.
#pragma once

#include <weir/detail/late_records.hpp>
#include <weir/detail/window_assigners.hpp>
#include <weir/detail/window_cells.hpp>
#include <weir/detail/window_contents.hpp>
#include <weir/process.hpp>
#include <weir/triggers.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace weir::detail {

/// What is known of a window. On disk: do not change.
template <class Sum, class State>
struct TriggeredWindow {
  Timestamp end;
  Timestamp looked_at;     // when it is looked whether it is over; the greatest: never
  std::optional<Sum> sum;  // none: nothing came since it was purged
  State trigger;
  Alarms alarms;
};

/// See the file comment. Contents are as in window_contents.hpp, Assigner as in
/// window_assigners.hpp.
template <class K, class T, class Assigner, class G, class Contents>
class TriggeredWindowProcess final : public KeyedProcess<K, T, typename Contents::Out> {
  using Out = typename Contents::Out;
  using State = typename G::State;
  using Cell = TriggeredWindow<typename Contents::Sum, State>;

public:
  using Ctx = typename KeyedProcess<K, T, Out>::Ctx;

  TriggeredWindowProcess(Assigner assigner, TimeDomain domain, std::chrono::milliseconds lateness,
                         G trigger, Contents contents)
      : assigner_{std::move(assigner)},
        domain_{domain},
        time_{domain},
        lateness_{lateness},
        trigger_{std::move(trigger)},
        contents_{std::move(contents)} {}

  void on_record(const T& record, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp time =
        Assigner::kEnds ? time_.of_record(ctx) : ctx.timestamp().value_or(kNoTime);
    const Timestamp passed = time_.passed(ctx);
    bool is_late = false;
    bool is_taken = false;
    assigner_.each_window(time, [&](const Window& own) {
      const MergedSession found = find(own);
      if (is_over(found.window, passed)) {
        is_late = true;
        return;
      }
      is_taken = true;
      open(found, time, ctx);
      take(record, time, found.window, ctx, out);
    });
    if (is_late && !is_taken) late_(record);
  }

  void on_timer(Timestamp at, Ctx& ctx, Emit<Out>& out) override {
    const TimeDomain domain = ctx.time_domain();
    std::vector<Timestamp> called;
    for (const auto& [start, cell] : windows_.all()) {
      if (cell.alarms.has(domain, at)) called.push_back(start);
    }
    for (const Timestamp start : called) call(start, domain, at, ctx, out);
    if (domain == domain_) drop_over(at, ctx);
  }

private:
  /// What the trigger of a window is told.
  class Times final : public TriggerTimes {
  public:
    Times(const Ctx& ctx, TimeDomain domain) : TriggerTimes{domain}, ctx_{ctx} {}
    Timestamp event_time() const override { return ctx_.event_time(); }
    Timestamp processing_time() const override { return ctx_.processing_time(); }

  private:
    const Ctx& ctx_;
  };

  bool is_over(const Window& window, Timestamp passed) const {
    return Assigner::kEnds && is_past(window.last(), passed, lateness_);
  }
  static Window window_of(Timestamp start, const Cell& cell) { return {start, cell.end}; }

  MergedSession find(const Window& own) const {
    if constexpr (Assigner::kMerges)
      return merge_sessions(windows_.all(), own, [](Timestamp, const Cell&) {});
    else
      return {own};
  }

  /// Sees to it that there is a cell for the window.
  void open(const MergedSession& found, Timestamp time, Ctx& ctx) {
    if constexpr (Assigner::kMerges) {
      if (!found.starts.empty()) return merge(found, time, ctx);
    } else {
      if (windows_.find(found.window.start) != nullptr) return;
    }
    Cell cell{found.window.end, Timestamp::max(), std::nullopt, State{}, {}};
    look_later(found.window, cell, ctx);
    windows_.put(found.window.start, std::move(cell));
  }

  /// Makes one window of those that a record has brought together.
  void merge(const MergedSession& found, Timestamp time, Ctx& ctx) {
    const Timestamp first = found.starts.front();
    if (found.starts.size() == 1 && window_of(first, *windows_.find(first)) == found.window) return;
    Cell merged = std::move(*windows_.edit(first));
    std::vector<Alarms> former{std::exchange(merged.alarms, {})};
    for (auto start = found.starts.begin() + 1; start != found.starts.end(); ++start) {
      Cell later = std::move(*windows_.edit(*start));
      if (merged.sum && later.sum)
        contents_.merge(*merged.sum, *later.sum);
      else if (later.sum)
        merged.sum = std::move(later.sum);
      trigger_.merge(merged.trigger, later.trigger);
      merged.looked_at = std::min(merged.looked_at, later.looked_at);
      former.push_back(std::move(later.alarms));
    }
    for (const Timestamp start : found.starts) windows_.remove(start);
    merged.end = found.window.end;
    const Times times{ctx, domain_};
    Alarms asked;
    TriggerContext<State> context{found.window, merged.trigger, time, times, merged.alarms, asked};
    trigger_.on_merge(context);
    windows_.put(found.window.start, std::move(merged));
    for (const Alarms& alarms : former) take_back(alarms, ctx);
    set(asked, ctx);
  }

  void take(const T& record, Timestamp time, const Window& window, Ctx& ctx, Emit<Out>& out) {
    Cell& cell = *windows_.edit(window.start);
    if (cell.sum)
      contents_.add(*cell.sum, record, time);
    else
      cell.sum = contents_.begin(record, time);
    const Times times{ctx, domain_};
    Alarms asked;
    TriggerContext<State> context{window, cell.trigger, time, times, cell.alarms, asked};
    const TriggerResult result = trigger_.on_record(record, context);
    set(asked, ctx);
    act(result, window, ctx, out);
  }

  void call(Timestamp start, TimeDomain domain, Timestamp at, Ctx& ctx, Emit<Out>& out) {
    Cell& cell = *windows_.edit(start);
    const Window window = window_of(start, cell);
    cell.alarms.remove(domain, at);
    const Times times{ctx, domain_};
    Alarms asked;
    TriggerContext<State> context{window, cell.trigger, at, times, cell.alarms, asked};
    const TriggerResult result = domain == TimeDomain::event_time
                                     ? call_at<TimeDomain::event_time>(trigger_, at, context)
                                     : call_at<TimeDomain::processing_time>(trigger_, at, context);
    set(asked, ctx);
    act(result, window, ctx, out);
  }

  void act(TriggerResult result, const Window& window, Ctx& ctx, Emit<Out>& out) {
    if (result == TriggerResult::wait) return;
    Cell& cell = *windows_.edit(window.start);
    if (result != TriggerResult::purge && cell.sum) {
      if (Assigner::kEnds) out.set_time(window.last());
      contents_.fire(ctx.key(), window, *cell.sum, out);
    }
    if (result == TriggerResult::fire) return;
    cell.sum.reset();
    if (!Assigner::kEnds && is_blank(cell)) windows_.remove(window.start);
  }

  /// Whether a new cell would know as much: keys that nothing comes for any more leave nothing.
  static bool is_blank(const Cell& cell) {
    if constexpr (std::equality_comparable<State>)
      return cell.alarms.empty() && cell.trigger == State{};
    return false;
  }

  void drop_over(Timestamp at, Ctx& ctx) {
    std::vector<Timestamp> due;
    for (const auto& [start, cell] : windows_.all()) {
      if (cell.looked_at <= at) due.push_back(start);
    }
    for (const Timestamp start : due) {
      Cell& cell = *windows_.edit(start);
      if (!is_over(window_of(start, cell), at)) {
        look_later(window_of(start, cell), cell, ctx);  // it has become longer
        continue;
      }
      const Alarms alarms = std::move(cell.alarms);
      windows_.remove(start);
      take_back(alarms, ctx);
    }
  }

  void look_later(const Window& window, Cell& cell, Ctx& ctx) {
    if (!Assigner::kEnds || window.last() > Timestamp::max() - lateness_) return;
    cell.looked_at = window.last() + lateness_;
    timers(domain_, ctx).at(cell.looked_at);
  }

  static Timers<K>& timers(TimeDomain domain, Ctx& ctx) {
    return domain == TimeDomain::event_time ? ctx.event_timers() : ctx.processing_timers();
  }
  void set(const Alarms& asked, Ctx& ctx) const {
    for (const Timestamp at : asked.event) ctx.event_timers().at(at);
    for (const Timestamp at : asked.processing) ctx.processing_timers().at(at);
  }
  /// Of a window that is gone: other windows may have asked for the same moments.
  void take_back(const Alarms& alarms, Ctx& ctx) const {
    for (const TimeDomain domain : {TimeDomain::event_time, TimeDomain::processing_time}) {
      for (const Timestamp at : alarms.of(domain)) {
        if (!is_asked_for(domain, at)) timers(domain, ctx).cancel(at);
      }
    }
  }
  bool is_asked_for(TimeDomain domain, Timestamp at) const {
    const auto& all = windows_.all();
    return std::any_of(all.begin(), all.end(), [&](const auto& each) {
      const Cell& cell = each.second;
      return cell.alarms.has(domain, at) || (domain == domain_ && cell.looked_at == at);
    });
  }

  Assigner assigner_;
  TimeDomain domain_;
  WindowTime<K> time_;
  std::chrono::milliseconds lateness_;
  G trigger_;
  Contents contents_;
  WindowCells<Cell> windows_{*this, "windows"};
  Counter dropped_{*this, kLateRecordsDropped};
  LateRecords<T> late_{*this, "late", dropped_};
};

}  // namespace weir::detail
