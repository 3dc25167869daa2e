// StoredTimers: the timers of one time domain in a StateStore, in the order in which they fire. So
// few of them are in memory that their number does not matter.
//
// A timer has an entry in two columns (timer_id.hpp): the row, of which snapshots are made, and the
// index, which says what fires next. Both are written together, and not before a snapshot that is
// on its way to the store is there (backed_rows.hpp): until then, changes wait in layers. The index
// can be told from the rows: so a snapshot may lack it, for each key group all of it or nothing.
//
// Invariants
//  - All timers of a key group that come before `rest_` of that group are in `head_`, and no other.
//  - The first timer in `head_` comes before `rest_` of all groups: so it fires next.
//
// In the manner of Flink's RocksDBCachingPriorityQueueSet, but with one head for all key groups.
#pragma once

#include <weir/detail/key_group.hpp>
#include <weir/detail/state_store.hpp>
#include <weir/detail/timer_id.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// What becomes of a timer.
enum class TimerChange : std::uint8_t {
  added,    ///< the store has no such timer
  set,      ///< it may have it already
  removed,  ///< it may have none
};

/// By their keys in the index.
using TimerChanges = std::map<std::string, TimerChange, std::less<>>;

/// See the file comment. One thread at a time, but for `write`. What reads the store may throw
/// StoreError.
class StoredTimers {
public:
  /// Where the timers lie.
  struct Columns {
    std::size_t rows;
    std::size_t index;
  };

  /// `store` is empty, and must outlive this object; at most `head_max` timers are in memory, at
  /// least 1, but for those that the store lacks.
  StoredTimers(StateStore& store, Columns columns, KeyGroupRange range, std::size_t head_max);

  const Columns& columns() const { return columns_; }
  /// Timers in memory, as many of them as wait to be written counted twice.
  std::size_t in_memory() const { return head_.size() + changes_.size(); }

  /// Adds a timer, if it is not there.
  void insert(const TimerId& timer);
  /// Removes a timer, if it is there.
  void erase(const TimerId& timer);

  bool empty() const { return head_.empty(); }
  /// The next timer to fire; there must be one.
  const TimerId& front() const { return *head_.begin(); }
  /// Removes the next timer to fire and returns it; there must be one.
  TimerId pop();

  /// Calls `visit` with timers up to `to` that will fire soon, at most `count`.
  template <class Visit>
  void visit_due(Timestamp to, std::size_t count, Visit&& visit) const {
    for (auto at = head_.begin(); at != head_.end() && count != 0 && at->time() <= to; ++at) {
      visit(*at);
      --count;
    }
  }

  /// Makes the timers what the store says, which has been restored. Nothing may wait to be written.
  void restore();

  /// Whether so much waits to be written that it should be soon.
  bool is_full() const;
  /// Writes what waits. Not between `cut` and `on_written`.
  void flush();
  /// Ends an epoch: returns its changes, for `write`.
  std::shared_ptr<const TimerChanges> cut();
  /// Writes the changes of an epoch.
  void write(const TimerChanges& changes) const;
  /// Those of the oldest epoch that was cut are known to be in the store.
  void on_written();

private:
  class Walk;

  std::optional<TimerId>& rest_of(const TimerId& timer) {
    return rest_[timer.group() - range_.begin];
  }
  bool is_in_reach(const TimerId& timer) { return !rest_of(timer) || timer < *rest_of(timer); }
  void note_set(const TimerId& timer, TimerChange how);
  void note_removed(const TimerId& timer);
  void begin_rest(std::uint32_t group, std::optional<TimerId> at);
  void settle();
  void read(std::uint32_t group);
  void trim();
  void build_index(std::uint32_t group);

  StateStore& store_;
  const Columns columns_;
  const KeyGroupRange range_;
  const std::size_t head_max_;
  std::set<TimerId> head_;
  /// By key group: the first timer may come there that is not in the head; nothing: all are in it.
  std::vector<std::optional<TimerId>> rest_;
  std::set<TimerId> rests_;                               // the same, in order
  TimerChanges changes_;                                  // since the newest cut
  std::vector<std::shared_ptr<const TimerChanges>> cut_;  // what the store lacks, oldest first
};

}  // namespace weir::detail
