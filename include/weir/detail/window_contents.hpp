// What a window with a trigger keeps of its records: what they come to, or all of them for an
// evictor.
#pragma once

#include <weir/emit.hpp>
#include <weir/evictors.hpp>

#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// Keeps what the records come to. Rules as for TimeWindowProcess.
template <class K, class T, class Rules>
struct SummedContents {
  using Out = typename Rules::Out;
  using Sum =
      std::remove_cvref_t<decltype(std::declval<const Rules&>().begin(std::declval<const T&>()))>;
  Rules rules;

  Sum begin(const T& record, Timestamp) const { return rules.begin(record); }
  void add(Sum& sum, const T& record, Timestamp) const { rules.add(sum, record); }
  void merge(Sum& sum, Sum& later) const { rules.merge(sum, later); }
  void fire(const K& key, const Window& window, Sum& sum, Emit<Out>& out) const {
    rules.emit(key, window, sum, out);
  }
};

/// Throws out nothing.
struct NoEvictor {
  template <class T>
  void evict(std::vector<Stamped<T>>&, const Window&) const {}
};

/// Keeps all records, of which some are thrown out before or after each result.
template <class K, class T, class Rules, class Before, class After>
struct EvictedContents {
  using Out = typename Rules::Out;
  using Sum = std::vector<Stamped<T>>;
  Rules rules;
  Before before;
  After after;

  Sum begin(const T& record, Timestamp time) const { return {{record, time}}; }
  void add(Sum& records, const T& record, Timestamp time) const {
    records.push_back({record, time});
  }
  void merge(Sum& records, Sum& later) const {
    records.insert(records.end(), std::move_iterator{later.begin()},
                   std::move_iterator{later.end()});
  }
  void fire(const K& key, const Window& window, Sum& records, Emit<Out>& out) const {
    if (records.empty()) return;  // an earlier result has left none
    before.evict(records, window);
    if (!records.empty()) {
      auto sum = rules.begin(records.front().record);
      for (std::size_t i = 1; i < records.size(); ++i) rules.add(sum, records[i].record);
      rules.emit(key, window, sum, out);
      after.evict(records, window);
    }
  }
};

}  // namespace weir::detail
