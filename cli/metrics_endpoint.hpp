// MetricsEndpoint: lets Prometheus, and whoever speaks HTTP, read the metrics of a process.
#pragma once

#include "runtime/job/metric_registry.hpp"

#include <weir/result.hpp>

#include <memory>
#include <string>

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace weir::cli {

/// See the file comment. Has threads of its own.
class MetricsEndpoint {
public:
  /// Answers GET /metrics at `where`, HOST:PORT; an empty one is nobody's, and nothing is started.
  /// `invalid_argument` if it is no address, `unavailable` if nobody can listen there.
  static Result<MetricsEndpoint> start(const std::string& where,
                                       std::shared_ptr<runtime::MetricRegistry> registry);
  MetricsEndpoint(MetricsEndpoint&&) noexcept;
  MetricsEndpoint& operator=(MetricsEndpoint&&) noexcept;
  ~MetricsEndpoint();

private:
  class Source;
  MetricsEndpoint();

  std::shared_ptr<Source> source_;
  std::unique_ptr<prometheus::Exposer> exposer_;  // goes first
};

}  // namespace weir::cli
