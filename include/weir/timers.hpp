// Timers: calls of `on_timer` that a keyed process function asks for, for the current key.
//
// They are state: they survive every failure and come back after a restart, at any parallelism.
// Each time domain of an operator has a column of its own, a map from times to nothing, which is
// what snapshots hold; in front of it a queue in memory knows which timer is next.
#pragma once

#include <weir/detail/map_handle.hpp>
#include <weir/detail/timer_queue.hpp>

#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {
namespace detail {

/// What the names of states that hold timers begin with; jobs may not use them. On disk: do not
/// change.
inline constexpr std::string_view kTimerStates = "_timers/";

/// The times of the current key's timers in one domain.
class TimerColumn final : private MapHandle<Timestamp, std::tuple<>> {
public:
  TimerColumn(StateOwner& owner, TimeDomain domain)
      : MapHandle{owner, domain == TimeDomain::event_time ? "_timers/event" : "_timers/processing",
                  std::nullopt} {
    reserve_name();
  }

  using MapHandle::index;
  void add(Timestamp time) { put_entry(time, {}); }
  void remove(Timestamp time) { remove_entry(time); }

  /// What a cell of the column holds, if the rows in memory are all there is.
  static const std::map<Timestamp, std::tuple<>>& times(const void* cell) {
    return static_cast<const Cow<std::map<Timestamp, std::tuple<>>>*>(cell)->get();
  }
};

}  // namespace detail

/// The timers of the current key in one time domain; `Context` hands them out.
template <class K>
class Timers {
public:
  /// Sets a timer: `on_timer(time, ...)` will be called for this key when time has come that far,
  /// once, even if that is so already. A timer that is set already stays as it is.
  void at(Timestamp time) {
    if (queue_.insert(time, state_->hash(), state_->key())) column_.add(time);
  }
  /// Takes back a timer, if it is set.
  void cancel(Timestamp time) {
    if (queue_.erase(time, state_->hash(), state_->key())) column_.remove(time);
  }

  /// For the engine: timers of one domain of the process `owner`.
  Timers(StateOwner& owner, TimeDomain domain) : column_{owner, domain} {}
  /// For the engine: where the keys come from.
  void bind(detail::KeyedStateOf<K>& state) { state_ = &state; }

  /// For the engine: the timers of all keys.
  const detail::TimerQueue<K>& queue() const { return queue_; }
  /// For the engine: whether the next timer, of any key, fires at `now`.
  bool is_due(Timestamp now) const { return !queue_.empty() && queue_.front().time <= now; }
  /// For the engine: takes the next timer off the queue, to be followed by `fired` for its key.
  detail::Timer<K> pop() { return queue_.pop(); }
  void fired(Timestamp time) { column_.remove(time); }

  /// For the engine: makes the queue what the restored state says. May throw StoreError.
  void restore() {
    std::vector<detail::Timer<K>> timers;
    state_->backed() != nullptr ? read_store(timers) : read_rows(timers);
    queue_.assign(std::move(timers));
  }

private:
  void read_rows(std::vector<detail::Timer<K>>& timers) const {
    const detail::RowTable& table = state_->table();
    const std::size_t offset = table.layout().columns[column_.index()].offset;
    const auto visit = [&](const char* row) {
      if (!table.layout().has(row, column_.index())) return;
      const void* const cell = row + offset;
      const K& key = *static_cast<const K*>(static_cast<const void*>(row));
      for (const auto& [time, nothing] : detail::TimerColumn::times(cell))
        timers.push_back({time, hash_of(key), key});
    };
    for (std::uint32_t group = table.range().begin; group < table.range().end; ++group) {
      std::size_t cursor = 0;
      do cursor = table.visit_page(group, cursor, visit);
      while (cursor != 0);
    }
  }

  void read_store(std::vector<detail::Timer<K>>& timers) const {
    const auto cursor = state_->backed()->store().cursor(column_.index(), {});
    for (; cursor->is_valid(); cursor->next()) {
      ByteReader in{cursor->key().substr(detail::kStoreGroupBytes)};
      K key = weir::decode<K>(in);
      const auto time = weir::decode<Timestamp>(in);
      if (!in.ok() || !in.at_end())
        throw detail::StoreError{"the stored state holds a timer that cannot be decoded"};
      timers.push_back({time, hash_of(key), std::move(key)});
    }
  }

  detail::TimerColumn column_;
  detail::TimerQueue<K> queue_;
  detail::KeyedStateOf<K>* state_ = nullptr;
};

}  // namespace weir
