// TimeWindowProcess: windows of one size at regular distances, each result made from what its panes
// come to.
//
// A key has a cell for each pane. With the first record of a pane a timer is set for the first
// window with it that has not ended; when a window ends that timer sets the one of the next, if a
// pane in that has anything. So a key has few timers, however many windows a record is in.
//
// With a lateness, panes are kept for that long behind the end of the last window with them, and a
// record that is late makes the windows with it that have ended once more, at once.
#pragma once

#include <weir/detail/late_records.hpp>
#include <weir/detail/sliding_sums.hpp>
#include <weir/detail/window_cells.hpp>
#include <weir/detail/window_grid.hpp>
#include <weir/hash.hpp>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace weir::detail {

/// Whether the sums of a window are all its records. Sums of several panes are then as large as
/// what they are made of, so that none are kept for later windows.
template <class Rules>
inline constexpr bool kKeepsRecords = requires {
  requires Rules::kKeepsRecords;
};

/// See the file comment. Rules has `begin(record)`, which makes a sum of a first record,
/// `add(sum, record)`, `merge(sum, later)` and `emit(key, window, sum, out)`.
template <class K, class T, class Sum, class Out, class Rules>
class TimeWindowProcess final : public KeyedProcess<K, T, Out> {
public:
  using Ctx = typename KeyedProcess<K, T, Out>::Ctx;

  TimeWindowProcess(const TimeWindows& windows, std::chrono::milliseconds lateness, Rules rules)
      : grid_{windows}, time_{windows.domain}, lateness_{lateness}, rules_{std::move(rules)} {}

  void on_record(const T& record, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp time = time_.of_record(ctx);
    grid_.check(time);
    if (grid_.is_in_gap(time)) return;
    const Timestamp passed = time_.passed(ctx);
    if (is_over(grid_.last_end(time), passed)) return late_(record);
    add(record, grid_.pane_of(time), passed, ctx);
    if (time < summed_) forget_sums(ctx.key());
    if (time <= passed) fire_again(time, passed, ctx.key(), out);
  }

  void on_timer(Timestamp at, Ctx& ctx, Emit<Out>& out) override {
    const Timestamp end = at + kTick;
    if (grid_.is_end(end)) {
      fire(end, ctx.key(), out);
      if (!grid_.is_tumbling()) schedule(shifted(end, grid_.slide()), ctx);
    }
    drop_over(at, ctx.key());
  }

private:
  static constexpr std::chrono::milliseconds kTick{1};
  static constexpr std::size_t kCachedSums = 1 << 20;  // over all keys

  struct HashOfKey {
    std::size_t operator()(const K& key) const { return hash_of(key); }
  };

  /// Whether nothing that comes now can count in a window that ends at `end`.
  bool is_over(Timestamp end, Timestamp passed) const {
    return is_past(end - kTick, passed, lateness_);
  }

  void add(const T& record, Timestamp pane, Timestamp passed, Ctx& ctx) {
    if (Sum* sum = panes_.edit(pane)) return rules_.add(*sum, record);
    panes_.put(pane, rules_.begin(record));
    const Timestamp last = grid_.last_end(pane);
    if (last - kTick > passed) {
      Timestamp end = grid_.end_after(pane);
      if (end - kTick <= passed) end = grid_.end_after(passed + kTick);
      time_.timers(ctx).at(end - kTick);
    }
    if (lateness_ != lateness_.zero() && last <= Timestamp::max() - lateness_)
      time_.timers(ctx).at(last - kTick + lateness_);
  }

  /// Makes the windows once more with this time in them that have ended.
  void fire_again(Timestamp time, Timestamp passed, const K& key, Emit<Out>& out) {
    for (Timestamp end = grid_.end_after(time);
         end - kTick <= passed && end <= grid_.last_end(time); end += grid_.slide()) {
      if (!is_over(end, passed)) fire(end, key, out);
    }
  }

  void fire(Timestamp end, const K& key, Emit<Out>& out) {
    const Window window{end - grid_.size(), end};
    if (grid_.is_tumbling()) {
      if (const Sum* sum = panes_.find(window.start)) emit(window, *sum, key, out);
      return;
    }
    const auto& panes = panes_.all();
    const auto first = panes.lower_bound(window.start);
    if (first == panes.end() || first->first >= end) return;
    if (std::next(first) == panes.end() || std::next(first)->first >= end)
      return emit(window, first->second, key, out);
    if constexpr (kKeepsRecords<Rules>) {
      Sum all = first->second;
      for (auto pane = std::next(first); pane != panes.end() && pane->first < end; ++pane)
        rules_.merge(all, pane->second);
      emit(window, all, key, out);
    } else {
      emit(window, sum_of(window, key), key, out);
    }
  }

  /// Returns what the panes of a window come to, of which there are some.
  Sum sum_of(const Window& window, const K& key) {
    if (cached_ > kCachedSums) {
      sums_.clear();
      cached_ = 0;
    }
    SlidingSums<Sum>& sums = sums_[key];
    const std::size_t before = sums.size();
    Sum sum = sums.sum_of(panes_.all(), window.start, window.end,
                          [this](Sum& to, const Sum& later) { rules_.merge(to, later); });
    cached_ += sums.size() - before;
    summed_ = std::max(summed_, window.end);
    return sum;
  }

  void emit(const Window& window, const Sum& sum, const K& key, Emit<Out>& out) const {
    out.set_time(window.last());
    rules_.emit(key, window, sum, out);
  }

  /// Sets the timer of the window that ends at `end`, if any of its panes has anything.
  void schedule(Timestamp end, Ctx& ctx) {
    const auto& panes = panes_.all();
    const auto first = panes.lower_bound(end - grid_.size());
    if (first != panes.end() && first->first < end) time_.timers(ctx).at(end - kTick);
  }

  /// Drops what no window needs any more once `passed` has passed.
  void drop_over(Timestamp passed, const K& key) {
    if (grid_.is_tumbling() && lateness_ == lateness_.zero())
      return panes_.remove(passed + kTick - grid_.size());
    while (true) {
      const auto& panes = panes_.all();
      if (panes.empty()) return forget_sums(key);
      if (!is_over(grid_.last_end(panes.begin()->first), passed)) return;
      panes_.remove(panes.begin()->first);
    }
  }

  void forget_sums(const K& key) {
    const auto found = sums_.find(key);
    if (found == sums_.end()) return;
    cached_ -= std::min(cached_, found->second.size());
    sums_.erase(found);
  }

  WindowGrid grid_;
  WindowTime<K> time_;
  std::chrono::milliseconds lateness_;
  Rules rules_;
  WindowCells<Sum> panes_{*this, "panes"};
  Counter dropped_{*this, kLateRecordsDropped};
  LateRecords<T> late_{*this, "late", dropped_};
  std::unordered_map<K, SlidingSums<Sum>, HashOfKey> sums_;
  std::size_t cached_ = 0;               // sums in all of them, about
  Timestamp summed_ = Timestamp::min();  // no sums have panes from then on
};

}  // namespace weir::detail
