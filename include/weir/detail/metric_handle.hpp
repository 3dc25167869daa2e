// MetricHandle: what the engine knows of a metric that an operator declares. Those for job authors
// are in weir/metrics.hpp.
#pragma once

#include <weir/detail/state_handle.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

/// What a metric says at a moment.
struct MetricValue {
  MetricKind kind = MetricKind::counter;
  double value = 0;  // of a histogram the sum of all that was observed
  /// Of a histogram: upper bounds, ascending, and how many values were at most that and above the
  /// bound before; the last count is of those above all bounds.
  std::vector<double> bounds = {};
  std::vector<std::uint64_t> counts = {};

  friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

/// See the file comment. It is changed and read in the turns of its subtask alone.
class MetricHandle {
public:
  MetricHandle(StateOwner& owner, std::string_view name) : name_{name} {
    owner.metrics_.push_back(this);
  }
  MetricHandle(const MetricHandle&) = delete;
  MetricHandle& operator=(const MetricHandle&) = delete;

  const std::string& name() const { return name_; }
  virtual MetricValue read() const = 0;

protected:
  ~MetricHandle() = default;

private:
  std::string name_;
};

inline std::vector<std::string> names_of(const std::vector<MetricHandle*>& metrics) {
  std::vector<std::string> names;
  for (const MetricHandle* metric : metrics) names.push_back(metric->name());
  return names;
}

}  // namespace weir::detail
