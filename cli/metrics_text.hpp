// Metrics in the text format of Prometheus.
#pragma once

#include "runtime/job/metric_family.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace weir::cli {

/// The same in the types of prometheus-cpp.
std::vector<prometheus::MetricFamily> to_prometheus(
    const std::vector<runtime::MetricFamily>& families);

/// https://prometheus.io/docs/instrumenting/exposition_formats
std::string metrics_text(const std::vector<runtime::MetricFamily>& families);

}  // namespace weir::cli
