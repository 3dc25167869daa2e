// SlidingSums: what the panes of a sliding window come to, for window after window, at a cost that
// does not depend on how many panes a window has. Only a cache: it can be made anew from the panes.
//
// Two stacks, as a queue has them that knows its minimum: the newer panes of a window are one sum,
// the older ones a sum for each of the beginnings that later windows will have.
//
//   panes      |----older----|---newer---|
//   sums        [0..m) [1..m) ...   [m..end)
//
// A window takes one of the older sums and the newer one. When the older ones are used up, those of
// all panes there are become the next older ones, from the last to the first. So each pane is added
// at most twice, whatever the size of the windows (Tangwongsan, Hirzel, Schneider: Low-Latency
// Sliding-Window Aggregation in Worst-Case Constant Time, DEBS 2017, section 2).
#pragma once

#include <weir/time.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace weir::detail {

/// See the file comment. `merge(sum, later)` adds what is later to a sum.
template <class Sum>
class SlidingSums {
public:
  /// Returns the sum of the panes, an ordered map by when they begin, that begin from `start` on
  /// and before `end`; there must be one.
  /// Neither goes back from call to call; panes before `end` of the last call have not changed, but
  /// those before `start` may be gone.
  template <class Panes, class Merge>
  Sum sum_of(const Panes& panes, Timestamp start, Timestamp end, const Merge& merge) {
    while (!older_.empty() && older_.back().first < start) older_.pop_back();
    if (start > middle_) {
      turn_over(panes, start, end, merge);
    } else {
      for (auto pane = panes.lower_bound(end_); pane != panes.end() && pane->first < end; ++pane)
        add(pane->second, merge);
    }
    end_ = end;
    if (older_.empty()) return *newer_;
    Sum sum = older_.back().second;
    if (newer_) merge(sum, *newer_);
    return sum;
  }

  /// Panes before this have been added.
  Timestamp end() const { return end_; }
  /// How many sums it holds.
  std::size_t size() const { return older_.size() + 1; }

private:
  template <class Merge>
  void add(const Sum& pane, const Merge& merge) {
    if (newer_)
      merge(*newer_, pane);
    else
      newer_ = pane;
  }

  template <class Panes, class Merge>
  void turn_over(const Panes& panes, Timestamp start, Timestamp end, const Merge& merge) {
    older_.clear();
    newer_.reset();
    middle_ = end;
    const auto first = panes.lower_bound(start);
    for (auto pane = panes.lower_bound(end); pane != first;) {
      --pane;
      Sum sum = pane->second;
      if (!older_.empty()) merge(sum, older_.back().second);
      older_.emplace_back(pane->first, std::move(sum));
    }
  }

  std::vector<std::pair<Timestamp, Sum>> older_;  // from a pane to `middle_`, the earliest last
  std::optional<Sum> newer_;                      // from `middle_` to `end_`
  Timestamp middle_ = Timestamp::min();
  Timestamp end_ = Timestamp::min();
};

}  // namespace weir::detail
