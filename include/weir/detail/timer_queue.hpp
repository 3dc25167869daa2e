// TimerQueue: timers in memory, in the order in which they fire: by time, then by the hash of their
// key. No timer is in it twice.
//
// Structure: sorted pages, as the leaves of a B-tree, under a std::map that has the earliest moment
// of each. A timer costs its own size and half as much again; a node each would cost 40 bytes more.
//
// Invariants
//  - Timers of a page are in descending order, so that the next one to fire is the last of the
//    first page, and goes without moving the others.
//  - Timers of one moment (keys whose hashes are equal) lie in one page.
//  - The first page begins at the earliest moment there is, and may be empty; no other one is.
#pragma once

#include <weir/time.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace weir::detail {

/// A timer of a key, or of a key and whatever else tells its timers apart.
template <class K>
struct Timer {
  Timestamp time;
  std::uint64_t hash;  // of the key
  K key;
};

/// See the file comment. One thread at a time.
template <class K>
class TimerQueue {
public:
  TimerQueue() { clear(); }

  /// Adds a timer; returns false if it is there already.
  bool insert(Timestamp time, std::uint64_t hash, const K& key) {
    const Moment moment{time, hash};
    Page& page = page_of(moment)->second;
    const auto [at, is_there] = find(page, moment, key);
    if (is_there) return false;
    ++size_;
    if (page.size() < kPageTimers) {
      page.insert(at, {time, hash, key});
    } else if (at == page.begin()) {  // as times ascend: leaves a full page behind
      pages_[moment].push_back({time, hash, key});
    } else {
      split(page);
      Page& half = page_of(moment)->second;
      half.insert(find(half, moment, key).first, {time, hash, key});
    }
    return true;
  }

  /// Removes a timer; returns whether it was there.
  bool erase(Timestamp time, std::uint64_t hash, const K& key) {
    const Moment moment{time, hash};
    const auto page = page_of(moment);
    const auto [at, is_there] = find(page->second, moment, key);
    if (!is_there) return false;
    --size_;
    page->second.erase(at);
    shrink(page);
    return true;
  }

  /// The next timer to fire; there must be one.
  const Timer<K>& front() const { return pages_.begin()->second.back(); }

  /// Removes the next timer to fire and returns it; there must be one.
  Timer<K> pop() {
    const auto page = pages_.begin();
    Timer<K> timer = std::move(page->second.back());
    page->second.pop_back();
    --size_;
    if (page->second.empty()) drop(page);
    return timer;
  }

  /// Replaces all timers by these, in any order, each of them once.
  void assign(std::vector<Timer<K>> timers) {
    std::sort(timers.begin(), timers.end(),
              [](const auto& a, const auto& b) { return moment_of(a) < moment_of(b); });
    clear();
    size_ = timers.size();
    for (auto at = timers.begin(); at != timers.end();) {
      auto end = at + std::min<std::ptrdiff_t>(kPageTimers, timers.end() - at);
      while (end != timers.end() && moment_of(*end) == moment_of(*std::prev(end))) ++end;
      Page& page = at == timers.begin() ? pages_.begin()->second : pages_[moment_of(*at)];
      page.assign(std::move_iterator{std::reverse_iterator{end}},
                  std::move_iterator{std::reverse_iterator{at}});
      at = end;
    }
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

private:
  static constexpr std::size_t kPageTimers = 128;  // 3 KiB of timers with keys of 8 bytes

  struct Moment {
    Timestamp time = Timestamp::min();
    std::uint64_t hash = 0;
    friend auto operator<=>(const Moment&, const Moment&) = default;
  };
  using Page = std::vector<Timer<K>>;
  using Pages = std::map<Moment, Page>;

  static Moment moment_of(const Timer<K>& timer) { return {timer.time, timer.hash}; }

  void clear() {
    pages_.clear();
    pages_[Moment{}];
    size_ = 0;
  }

  typename Pages::iterator page_of(Moment moment) {
    return std::prev(pages_.upper_bound(moment));  // the first page is not above any moment
  }

  /// Returns where a timer is, or where it has its place.
  static std::pair<typename Page::iterator, bool> find(Page& page, Moment moment, const K& key) {
    auto at = std::partition_point(
        page.begin(), page.end(), [&](const Timer<K>& timer) { return moment_of(timer) > moment; });
    for (; at != page.end() && moment_of(*at) == moment; ++at) {
      if (at->key == key) return {at, true};
    }
    return {at, false};
  }

  /// Moves the later half of a page to one of its own, if that leaves no moment in both.
  void split(Page& page) {
    auto middle = page.begin() + static_cast<std::ptrdiff_t>(page.size() / 2);
    while (middle != page.end() && moment_of(*middle) == moment_of(*std::prev(middle))) ++middle;
    if (middle == page.end()) return;
    pages_[moment_of(*std::prev(middle))].assign(std::move_iterator{page.begin()},
                                                 std::move_iterator{middle});
    page.erase(page.begin(), middle);
  }

  /// Puts a page that has become small together with the next one, if both fit well into one.
  void shrink(typename Pages::iterator page) {
    if (page->second.empty()) return drop(page);
    const auto next = std::next(page);
    if (page->second.size() > kPageTimers / 4 || next == pages_.end()) return;
    if (page->second.size() + next->second.size() > kPageTimers / 2) return;
    page->second.insert(page->second.begin(), std::move_iterator{next->second.begin()},
                        std::move_iterator{next->second.end()});
    pages_.erase(next);
  }

  /// Removes an empty page; the first one takes over what the second has.
  void drop(typename Pages::iterator page) {
    if (page == pages_.begin()) {
      const auto next = std::next(page);
      if (next == pages_.end()) return;
      page->second = std::move(next->second);
      page = next;
    }
    pages_.erase(page);
  }

  Pages pages_;  // by the earliest moment that may be in each
  std::size_t size_ = 0;
};

}  // namespace weir::detail
