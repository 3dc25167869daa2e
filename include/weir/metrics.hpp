// Metrics: what an operator counts and measures for those who watch the job.
//
// A metric is a member of a process class, like state:
//
//   class Parser final : public weir::Process<std::string, Order> {
//     void on_record(const std::string& line, const weir::OperatorInfo&, weir::Emit<Order>& out) {
//       if (is_broken(line)) return broken_.add();
//       ...
//     }
//     weir::Counter broken_{*this, "broken"};
//   };
//
// Where to read them: docs/operating/metrics.md. They are no state: each attempt of a subtask has
// its own. They cost an addition, and no lock.
#pragma once

#include <weir/detail/metric_handle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Counts events. It only grows. Names of metrics have 1 to 100 letters, digits and `_`, begin with
/// a letter, and are unique in their operator; other names are refused when the job is checked.
class Counter final : private detail::MetricHandle {
public:
  Counter(StateOwner& owner, std::string_view name) : MetricHandle{owner, name} {}

  void add(std::uint64_t n = 1) { count_ += n; }
  /// How many this subtask has counted since it began.
  std::uint64_t value() const { return count_; }

private:
  detail::MetricValue read() const override {
    return {.kind = detail::MetricKind::counter, .value = static_cast<double>(count_)};
  }

  std::uint64_t count_ = 0;
};

/// Shows a number that goes up and down. It is 0 until it is set.
class Gauge final : private detail::MetricHandle {
public:
  Gauge(StateOwner& owner, std::string_view name) : MetricHandle{owner, name} {}

  void set(double value) { value_ = value; }
  double value() const { return value_; }

private:
  detail::MetricValue read() const override {
    return {.kind = detail::MetricKind::gauge, .value = value_};
  }

  double value_ = 0;
};

/// Shows how values are spread: how many were at most each of its bounds.
class Histogram final : private detail::MetricHandle {
public:
  /// Throws std::invalid_argument unless `bounds` are ascending, and at least one.
  Histogram(StateOwner& owner, std::string_view name, std::vector<double> bounds)
      : MetricHandle{owner, name}, bounds_{std::move(bounds)}, counts_(bounds_.size() + 1) {
    const auto not_above = [](double a, double b) { return !(a < b); };
    if (bounds_.empty() ||
        std::adjacent_find(bounds_.begin(), bounds_.end(), not_above) != bounds_.end())
      throw std::invalid_argument{"Histogram " + std::string{name} +
                                  ": its bounds must be ascending, and at least one"};
  }

  void observe(double value) {
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
    sum_ += value;
  }

private:
  detail::MetricValue read() const override {
    return {
        .kind = detail::MetricKind::histogram, .value = sum_, .bounds = bounds_, .counts = counts_};
  }

  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;  // one more than bounds
  double sum_ = 0;
};

}  // namespace weir
