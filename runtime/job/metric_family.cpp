#include "runtime/job/metric_family.hpp"

namespace weir::runtime {
namespace {

const char* name_of(detail::MetricKind kind) {
  switch (kind) {
    case detail::MetricKind::counter: return "counter";
    case detail::MetricKind::gauge: return "gauge";
    case detail::MetricKind::histogram: return "histogram";
  }
  return "";
}

}  // namespace

void MetricFamilies::add(const std::string& name, const std::string& help, MetricLabels labels,
                         detail::MetricValue value) {
  MetricFamily& family =
      families_.try_emplace(name, MetricFamily{name, help, value.kind, {}}).first->second;
  if (family.kind != value.kind)
    return add(name + "_" + name_of(value.kind), help, std::move(labels), std::move(value));
  family.samples.push_back({std::move(labels), std::move(value)});
}

std::vector<MetricFamily> MetricFamilies::take() {
  std::vector<MetricFamily> all;
  for (auto& [name, family] : families_) all.push_back(std::move(family));
  families_.clear();
  return all;
}

}  // namespace weir::runtime
