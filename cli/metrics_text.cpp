#include "cli/metrics_text.hpp"

#include <prometheus/text_serializer.h>

namespace weir::cli {
namespace {

using detail::MetricKind;
using detail::MetricValue;

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter: return prometheus::MetricType::Counter;
    case MetricKind::gauge: return prometheus::MetricType::Gauge;
    case MetricKind::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

/// Prometheus counts what is at most each bound, and below the bounds before as well.
prometheus::ClientMetric::Histogram histogram_of(const MetricValue& value) {
  prometheus::ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < value.counts.size(); ++i) {
    histogram.sample_count += value.counts[i];
    if (i < value.bounds.size())
      histogram.bucket.push_back({histogram.sample_count, value.bounds[i]});
  }
  histogram.sample_sum = value.value;
  return histogram;
}

prometheus::ClientMetric metric_of(const runtime::MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  switch (sample.value.kind) {
    case MetricKind::counter: metric.counter.value = sample.value.value; break;
    case MetricKind::gauge: metric.gauge.value = sample.value.value; break;
    case MetricKind::histogram: metric.histogram = histogram_of(sample.value); break;
  }
  return metric;
}

}  // namespace

std::vector<prometheus::MetricFamily> to_prometheus(
    const std::vector<runtime::MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> all;
  for (const runtime::MetricFamily& family : families) {
    prometheus::MetricFamily& next = all.emplace_back();
    next.name = family.name;
    next.help = family.help;
    next.type = type_of(family.kind);
    for (const runtime::MetricSample& sample : family.samples)
      next.metric.push_back(metric_of(sample));
  }
  return all;
}

std::string metrics_text(const std::vector<runtime::MetricFamily>& families) {
  return prometheus::TextSerializer{}.Serialize(to_prometheus(families));
}

}  // namespace weir::cli
