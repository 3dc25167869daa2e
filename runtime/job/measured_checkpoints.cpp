#include "runtime/job/measured_checkpoints.hpp"

namespace weir::runtime {

advisor::Measured measured_of(const CheckpointStatistics& statistics,
                              const CheckpointOptions& options) {
  if (statistics.completed == 0 || statistics.usual.empty()) return {};
  const auto usual = [&](const char* what) { return statistics.usual.at(what).average; };
  const auto time = [&](const char* what) {
    return Duration{static_cast<Duration::rep>(usual(what))};
  };
  // In memory every checkpoint writes all, whatever the option says.
  const bool is_incremental = options.incremental && usual("written") < usual("state");
  advisor::Measured measured{.duration = time("duration"),
                             .alignment = time("alignment"),
                             .sync = time("sync"),
                             .upload = time("async"),
                             .is_incremental = is_incremental,
                             .is_unaligned = options.unaligned,
                             .state_bytes = usual("state")};
  if (is_incremental && options.every > Duration{})
    measured.changed_bytes_per_second = static_cast<double>(usual("written")) /
                                        std::chrono::duration<double>{options.every}.count();
  return measured;
}

}  // namespace weir::runtime
