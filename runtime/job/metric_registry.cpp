#include "runtime/job/metric_registry.hpp"

namespace weir::runtime {

std::shared_ptr<JobMetrics> MetricRegistry::add(const std::string& job, const std::string& id) {
  MetricLabels labels{{"job", job}};
  if (!id.empty()) labels.emplace_back("job_id", id);
  auto metrics = std::make_shared<JobMetrics>(std::move(labels));
  const std::lock_guard lock{mutex_};
  std::erase_if(jobs_, [](const auto& other) { return other.expired(); });
  jobs_.push_back(metrics);
  return metrics;
}

std::vector<MetricFamily> MetricRegistry::families() const {
  MetricFamilies all;
  const std::lock_guard lock{mutex_};
  for (const auto& entry : jobs_) {
    if (const auto job = entry.lock()) job->add_to(all);
  }
  return all.take();
}

std::vector<MetricFamily> MetricRegistry::families_of(const JobMetrics& job) {
  MetricFamilies all;
  job.add_to(all);
  return all.take();
}

}  // namespace weir::runtime
