// MetricRegistry: the metrics of all jobs of a process, for whoever collects them. Any thread.
#pragma once

#include "runtime/job/job_metrics.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment. A job's are there for as long as somebody holds on to what `add` returned.
class MetricRegistry {
public:
  /// `id` tells the job apart from others of the same name; empty: there are none.
  std::shared_ptr<JobMetrics> add(const std::string& job, const std::string& id);

  std::vector<MetricFamily> families() const;
  /// Those of one job, by what `add` returned.
  static std::vector<MetricFamily> families_of(const JobMetrics& job);

private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<JobMetrics>> jobs_;  // guarded by mutex_
};

}  // namespace weir::runtime
