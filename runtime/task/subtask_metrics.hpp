// SubtaskMetrics: what a subtask counts and measures, at a moment between two of its turns. A plain
// value; it travels between processes.
#pragma once

#include "runtime/task/situation.hpp"

#include <weir/detail/metric_handle.hpp>
#include <weir/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::runtime {

/// What a subtask has done; for progress and statistics.
struct SubtaskCounters {
  std::uint64_t records_in = 0;         // read by a source, or taken from channels
  std::uint64_t records_out = 0;        // sent over channels
  std::uint64_t records_written = 0;    // handed to sinks
  std::uint64_t transactions_lost = 0;  // by the stores of sinks

  friend bool operator==(const SubtaskCounters&, const SubtaskCounters&) = default;
};

/// A metric that an operator has declared.
struct OperatorMetric {
  std::string operator_name = {};
  std::string name = {};
  detail::MetricValue value = {};
};

/// See the file comment.
struct SubtaskMetrics {
  SubtaskCounters counters = {};
  std::uint64_t batches_out = 0;            // sent over channels
  std::uint64_t input_batches = 0;          // that wait
  std::uint64_t output_batches = 0;         // likewise, for credits
  TimeSpent spent = {};                     // lately
  Timestamp event_time = Timestamp::min();  // on its input; the least: none, or it has ended
  std::vector<OperatorMetric> operators = {};
};

}  // namespace weir::runtime
