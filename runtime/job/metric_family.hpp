// MetricFamily: metrics of one name, as they are shown to whoever collects them.
#pragma once

#include <weir/detail/metric_handle.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weir::runtime {

/// Names and values that tell the samples of a family apart.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct MetricSample {
  MetricLabels labels = {};
  detail::MetricValue value = {};
};

struct MetricFamily {
  std::string name = {};
  std::string help = {};
  detail::MetricKind kind = detail::MetricKind::counter;
  std::vector<MetricSample> samples = {};
};

/// Brings samples of one name together.
class MetricFamilies {
public:
  /// A family has one kind: if the name is that of another kind, the kind becomes part of the name.
  void add(const std::string& name, const std::string& help, MetricLabels labels,
           detail::MetricValue value);

  /// In the order of their names.
  std::vector<MetricFamily> take();

private:
  std::map<std::string, MetricFamily> families_;
};

}  // namespace weir::runtime
