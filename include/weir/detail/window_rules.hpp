// What windows make of their records: the rules of TimeWindowProcess and SessionWindowProcess.
#pragma once

#include <weir/emit.hpp>
#include <weir/windows.hpp>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weir::detail {

template <class K, class T>
struct CountInWindow {
  using Out = Windowed<K, std::int64_t>;
  std::int64_t begin(const T&) const { return 1; }
  void add(std::int64_t& count, const T&) const { ++count; }
  void merge(std::int64_t& count, std::int64_t later) const { count += later; }
  void emit(const K& key, const Window& window, std::int64_t count, Emit<Out>& out) const {
    out.emplace(key, window, count);
  }
};

template <class K, class T, class F>
struct ReduceInWindow {
  using Out = Windowed<K, T>;
  F reduce;
  T begin(const T& record) const { return record; }
  void add(T& sum, const T& record) const { sum = std::invoke(reduce, sum, record); }
  void merge(T& sum, const T& later) const { sum = std::invoke(reduce, sum, later); }
  void emit(const K& key, const Window& window, const T& sum, Emit<Out>& out) const {
    out.emplace(key, window, sum);
  }
};

template <class K, class T, class Accumulator, class R, class Add, class Merge, class Finish>
struct AggregateInWindow {
  using Out = R;
  Accumulator initial;
  Add add_record;
  Merge merge_later;
  Finish finish;

  Accumulator begin(const T& record) const {
    Accumulator accumulator = initial;
    add(accumulator, record);
    return accumulator;
  }
  void add(Accumulator& accumulator, const T& record) const {
    std::invoke(add_record, accumulator, record);
  }
  void merge(Accumulator& accumulator, const Accumulator& later) const {
    std::invoke(merge_later, accumulator, later);
  }
  void emit(const K& key, const Window& window, const Accumulator& accumulator,
            Emit<Out>& out) const {
    out(std::invoke(finish, key, window, accumulator));
  }
};

/// Keeps all records, in the order in which they came within each pane.
template <class K, class T, class R, class F>
struct AllInWindow {
  using Out = R;
  static constexpr bool kKeepsRecords = true;
  F f;

  std::vector<T> begin(const T& record) const { return {record}; }
  void add(std::vector<T>& records, const T& record) const { records.push_back(record); }
  void merge(std::vector<T>& records, const std::vector<T>& later) const {
    records.insert(records.end(), later.begin(), later.end());
  }
  void emit(const K& key, const Window& window, const std::vector<T>& records,
            Emit<Out>& out) const {
    std::invoke(f, key, window, records, out);
  }
};

}  // namespace weir::detail
