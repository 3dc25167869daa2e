// Metrics as Prometheus reads them.
#include "cli/metrics_text.hpp"

#include "cli/metrics_endpoint.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using Catch::Contains;

TEST_CASE("metrics are written as Prometheus reads them", "[metrics]") {
  runtime::MetricFamilies families;
  families.add("weir_job_numRestarts", "Restarts", {{"job", "a \"b\""}}, {.value = 3});
  families.add("weir_operator_amounts", "Declared by an operator", {{"job", "j"}},
               {.kind = detail::MetricKind::histogram,
                .value = 22.5,
                .bounds = {1, 10},
                .counts = {2, 3, 1}});
  const std::string text = cli::metrics_text(families.take());
  CHECK_THAT(text, Contains("# HELP weir_job_numRestarts Restarts\n"
                            "# TYPE weir_job_numRestarts counter\n"
                            "weir_job_numRestarts{job=\"a \\\"b\\\"\"} 3\n"));
  CHECK_THAT(text, Contains("weir_operator_amounts_count{job=\"j\"} 6\n") &&
                       Contains("weir_operator_amounts_sum{job=\"j\"} 22.5\n") &&
                       Contains("weir_operator_amounts_bucket{job=\"j\",le=\"1\"} 2\n") &&
                       Contains("weir_operator_amounts_bucket{job=\"j\",le=\"10\"} 5\n") &&
                       Contains("weir_operator_amounts_bucket{job=\"j\",le=\"+Inf\"} 6\n"));
}

TEST_CASE("a place where nobody can listen is named", "[metrics]") {
  const auto registry = std::make_shared<runtime::MetricRegistry>();
  const auto nonsense = cli::MetricsEndpoint::start("nowhere", registry);
  REQUIRE_FALSE(nonsense.ok());
  CHECK_THAT(nonsense.status().message(), Contains("--metrics"));
  const auto elsewhere = cli::MetricsEndpoint::start("192.0.2.1:9", registry);
  REQUIRE_FALSE(elsewhere.ok());
  CHECK(elsewhere.status().code() == ErrorCode::unavailable);
  CHECK_THAT(elsewhere.status().message(), Contains("192.0.2.1:9"));
  CHECK(cli::MetricsEndpoint::start("", registry).ok());
}
