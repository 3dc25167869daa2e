#include "cli/metrics_endpoint.hpp"

#include "actors/cluster/endpoint.hpp"
#include "cli/metrics_text.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace weir::cli {

class MetricsEndpoint::Source final : public prometheus::Collectable {
public:
  explicit Source(std::shared_ptr<runtime::MetricRegistry> registry)
      : registry_{std::move(registry)} {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    return to_prometheus(registry_->families());
  }

private:
  std::shared_ptr<runtime::MetricRegistry> registry_;
};

MetricsEndpoint::MetricsEndpoint() = default;
MetricsEndpoint::MetricsEndpoint(MetricsEndpoint&&) noexcept = default;
MetricsEndpoint& MetricsEndpoint::operator=(MetricsEndpoint&&) noexcept = default;
MetricsEndpoint::~MetricsEndpoint() = default;

Result<MetricsEndpoint> MetricsEndpoint::start(const std::string& where,
                                               std::shared_ptr<runtime::MetricRegistry> registry) {
  MetricsEndpoint endpoint;
  if (where.empty()) return endpoint;
  const auto parsed = actors::parse_endpoint(where);
  if (!parsed.ok())
    return Status{ErrorCode::invalid_argument, "--metrics " + parsed.status().message()};
  try {
    endpoint.source_ = std::make_shared<Source>(std::move(registry));
    endpoint.exposer_ = std::make_unique<prometheus::Exposer>(where);
  } catch (const std::exception& error) {
    return Status{ErrorCode::unavailable, "--metrics " + where + ": nobody can listen there (" +
                                              error.what() + "); name a free port of this machine"};
  }
  endpoint.exposer_->RegisterCollectable(endpoint.source_);
  for (const int port : endpoint.exposer_->GetListeningPorts())
    std::fprintf(stderr, "metrics at http://%s:%d/metrics\n", parsed->host.c_str(), port);
  return endpoint;
}

}  // namespace weir::cli
