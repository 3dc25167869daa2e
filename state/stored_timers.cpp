#include "base/assert.hpp"

#include <weir/detail/stored_timers.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t kChangesMax = 4096;     // that wait; a megabyte or less
constexpr std::size_t kWriteBytes = 1 << 20;  // changes that are written at once

}  // namespace

/// Meets the timers of one key group in the store and in what it lacks, in order.
class StoredTimers::Walk {
public:
  /// Begins at `from`.
  Walk(const StoredTimers& timers, const TimerId& from)
      : prefix_{store_prefix(from.group())},
        index_{from.index()},
        cursor_{timers.store_.cursor(timers.columns_.index, index_)} {
    for (const auto& layer : timers.cut_) add(*layer);
    add(timers.changes_);
    find();
  }

  bool is_valid() const { return !index_.empty(); }
  TimerId timer() const { return TimerId::of_index(index_); }
  void next() {
    pass();
    find();
  }

private:
  struct Layer {
    TimerChanges::const_iterator at;
    TimerChanges::const_iterator end;
    bool has(std::string_view index) const { return at != end && at->first == index; }
  };

  void add(const TimerChanges& changes) {
    layers_.push_back({changes.lower_bound(index_), changes.end()});
  }

  /// Goes on to a timer that is there, if this one is not.
  void find() {
    for (find_least(); is_valid() && !is_set(); find_least()) pass();
  }

  void find_least() {
    std::optional<std::string_view> least;
    if (cursor_->is_at(prefix_)) least = cursor_->key();
    for (const Layer& layer : layers_) {
      if (layer.at == layer.end || !layer.at->first.starts_with(prefix_)) continue;
      if (!least || layer.at->first < *least) least = layer.at->first;
    }
    index_ = least.value_or(std::string_view{});
  }

  /// The newest change counts.
  bool is_set() const {
    const auto newest = std::find_if(layers_.rbegin(), layers_.rend(),
                                     [&](const Layer& layer) { return layer.has(index_); });
    return newest == layers_.rend() || newest->at->second != TimerChange::removed;
  }

  void pass() {
    if (cursor_->is_at(prefix_) && cursor_->key() == index_) cursor_->next();
    for (Layer& layer : layers_) {
      if (layer.has(index_)) ++layer.at;
    }
  }

  std::string prefix_;
  std::string index_;  // where it is; empty at the end
  std::unique_ptr<StoreCursor> cursor_;
  std::vector<Layer> layers_;  // oldest first
};

StoredTimers::StoredTimers(StateStore& store, Columns columns, KeyGroupRange range,
                           std::size_t head_max)
    : store_{store}, columns_{columns}, range_{range}, head_max_{head_max}, rest_(range.size()) {
  WEIR_ASSERT(head_max != 0, "the next timer must be in memory");
}

void StoredTimers::insert(const TimerId& timer) {
  if (!is_in_reach(timer)) return note_set(timer, TimerChange::set);
  if (!head_.insert(timer).second) return;
  note_set(timer, TimerChange::added);
  trim();
}

void StoredTimers::erase(const TimerId& timer) {
  if (is_in_reach(timer) && head_.erase(timer) == 0) return;
  note_removed(timer);
  settle();
}

TimerId StoredTimers::pop() {
  TimerId timer = std::move(head_.extract(head_.begin()).value());
  note_removed(timer);
  settle();
  return timer;
}

void StoredTimers::note_set(const TimerId& timer, TimerChange how) {
  const auto [at, is_first] = changes_.emplace(timer.index(), how);
  if (!is_first && at->second == TimerChange::removed) at->second = TimerChange::set;
}

/// What the store has never heard of, it need not hear of.
void StoredTimers::note_removed(const TimerId& timer) {
  const auto at = changes_.emplace(timer.index(), TimerChange::removed).first;
  if (at->second == TimerChange::added)
    changes_.erase(at);
  else
    at->second = TimerChange::removed;
}

void StoredTimers::begin_rest(std::uint32_t group, std::optional<TimerId> at) {
  std::optional<TimerId>& rest = rest_[group - range_.begin];
  if (rest) rests_.erase(*rest);
  if (at) rests_.insert(*at);
  rest = std::move(at);
}

/// Reads until it is certain which timer is the next.
void StoredTimers::settle() {
  while (!rests_.empty() && (head_.empty() || *rests_.begin() < *head_.begin()))
    read(rests_.begin()->group());
}

/// Reads so many timers of a group that the head has room for as many of all.
void StoredTimers::read(std::uint32_t group) {
  std::size_t count = std::max(head_max_ / (2 * std::size_t{range_.size()}), std::size_t{1});
  Walk walk{*this, *rest_[group - range_.begin]};
  for (; walk.is_valid() && count != 0; walk.next(), --count) head_.insert(walk.timer());
  begin_rest(group, walk.is_valid() ? std::optional{walk.timer()} : std::nullopt);
  trim();
}

/// Leaves the latest timers to the store, some at once.
void StoredTimers::trim() {
  if (head_.size() <= head_max_) return;
  while (head_.size() > head_max_ - head_max_ / 4) {
    TimerId last = std::move(head_.extract(std::prev(head_.end())).value());
    const std::uint32_t group = last.group();
    begin_rest(group, std::move(last));
  }
}

void StoredTimers::restore() {
  WEIR_ASSERT(cut_.empty() && changes_.empty(), "timers were set before others were restored");
  head_.clear();
  for (std::uint32_t group = range_.begin; group < range_.end; ++group) {
    build_index(group);
    begin_rest(group, TimerId::least(group));
  }
  settle();
}

/// Adds the timers of a group to the index, if it was restored without: from rows, from files of a
/// store that kept the order in memory.
void StoredTimers::build_index(std::uint32_t group) {
  const std::string prefix = store_prefix(group);
  if (store_.cursor(columns_.index, prefix)->is_at(prefix)) return;
  StoreWrites writes;
  const auto rows = store_.cursor(columns_.rows, prefix);
  for (; rows->is_at(prefix); rows->next()) {
    writes.put(columns_.index, TimerId::of_row(rows->key()).index(), {});
    if (writes.bytes() < kWriteBytes) continue;
    store_.write(writes);
    writes.clear();
  }
  if (writes.size() != 0) store_.write(writes);
}

bool StoredTimers::is_full() const {
  return changes_.size() >= kChangesMax;
}

void StoredTimers::flush() {
  WEIR_ASSERT(cut_.empty(), "timers were written between a cut and its end");
  write(changes_);
  changes_.clear();
}

std::shared_ptr<const TimerChanges> StoredTimers::cut() {
  cut_.push_back(std::make_shared<const TimerChanges>(std::exchange(changes_, {})));
  return cut_.back();
}

void StoredTimers::write(const TimerChanges& changes) const {
  StoreWrites writes;
  for (const auto& [index, change] : changes) {
    const std::string row = TimerId::of_index(index).row();
    if (change == TimerChange::removed) {
      writes.erase(columns_.index, index);
      writes.erase(columns_.rows, row);
    } else {
      writes.put(columns_.index, index, {});
      writes.put(columns_.rows, row, {});
    }
    if (writes.bytes() < kWriteBytes) continue;
    store_.write(writes);
    writes.clear();
  }
  if (writes.size() != 0) store_.write(writes);
}

void StoredTimers::on_written() {
  cut_.erase(cut_.begin());
}

}  // namespace weir::detail
