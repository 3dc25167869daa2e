// Timers: calls of `on_timer` that a keyed process function asks for, for the current key.
//
// They are state: they survive every failure and come back after a restart, at any parallelism.
// Each time domain of an operator has a column of its own, a map from times to nothing, which is
// what snapshots hold. Beside it their order says which timer is next: a queue in memory, or for
// state in a store an index there (detail/stored_timers.hpp).
#pragma once

#include <weir/detail/map_handle.hpp>
#include <weir/detail/stored_timers.hpp>
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
    hold_timers();
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
    if (stored_ != nullptr) return stored_->insert(id_of(time));
    if (queue_.insert(time, state_->hash(), state_->key())) column_.add(time);
  }
  /// Takes back a timer, if it is set.
  void cancel(Timestamp time) {
    if (stored_ != nullptr) return stored_->erase(id_of(time));
    if (queue_.erase(time, state_->hash(), state_->key())) column_.remove(time);
  }

  /// For the engine: timers of one domain of the process `owner`.
  Timers(StateOwner& owner, TimeDomain domain) : column_{owner, domain} {}
  /// For the engine: where the keys come from.
  void bind(detail::KeyedStateOf<K>& state) {
    state_ = &state;
    if (state.backed() != nullptr) stored_ = state.backed()->timers(column_.index());
  }

  /// For the engine: when the next timer fires, of any key.
  std::optional<Timestamp> next() const {
    if (stored_ != nullptr)
      return stored_->empty() ? std::nullopt : std::optional{stored_->front().time()};
    return queue_.empty() ? std::nullopt : std::optional{queue_.front().time};
  }
  /// For the engine: whether the next timer fires at `now`.
  bool is_due(Timestamp now) const {
    const std::optional<Timestamp> time = next();
    return time && *time <= now;
  }
  /// For the engine: takes the next timer off the queue, to be followed by `fired` for its key.
  detail::Timer<K> pop() { return stored_ != nullptr ? timer_of(stored_->pop()) : queue_.pop(); }
  void fired(Timestamp time) {
    if (stored_ == nullptr) column_.remove(time);
  }

  /// For the engine: some timers that are due at `now`, at most `count`, whose rows had better be
  /// read together. None if timers are in a queue.
  std::vector<detail::Timer<K>> due(Timestamp now, std::size_t count) const {
    std::vector<detail::Timer<K>> timers;
    if (stored_ == nullptr) return timers;
    stored_->visit_due(now, count,
                       [&](const detail::TimerId& id) { timers.push_back(timer_of(id)); });
    return timers;
  }

  /// For the engine: makes the order what the restored state says. May throw StoreError.
  void restore() {
    if (stored_ != nullptr) return stored_->restore();
    std::vector<detail::Timer<K>> timers;
    state_->backed() != nullptr ? read_store(timers) : read_rows(timers);
    queue_.assign(std::move(timers));
  }

private:
  detail::TimerId id_of(Timestamp time) const {
    ByteWriter key;
    weir::encode(state_->key(), key);
    const auto place = detail::key_position(state_->hash(), state_->table().max_parallelism());
    return {time, place.group, key.view()};
  }
  static detail::Timer<K> timer_of(const detail::TimerId& id) {
    ByteReader in{id.key()};
    K key = weir::decode<K>(in);
    if (!in.ok() || !in.at_end())
      throw detail::StoreError{"the stored state holds a timer that cannot be decoded"};
    const std::uint64_t hash = hash_of(key);
    return {id.time(), hash, std::move(key)};
  }

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
  detail::TimerQueue<K> queue_;             // of all timers, unless they are stored
  detail::StoredTimers* stored_ = nullptr;  // null: the store has no order
  detail::KeyedStateOf<K>* state_ = nullptr;
};

}  // namespace weir
