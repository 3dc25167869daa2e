#include "checkpoint/advisor/failure_rate.hpp"

#include "checkpoint/advisor/model.hpp"

namespace weir::advisor {

Result<Duration> observed_mtbf(Duration observed, std::uint64_t failures) {
  const Seconds seconds = observed;
  if (Status status =
          check({{"the observed time in seconds", seconds.count(), Range::not_negative}});
      !status.ok())
    return status;
  return to_duration((seconds + kUnknownMtbf) / (static_cast<double>(failures) + 1));
}

Result<Duration> mtbf_of_machines(Duration mtbf, std::uint64_t machines) {
  const Seconds seconds = mtbf;
  const auto count = static_cast<double>(machines);
  if (Status status = check({{"the mean time between failures of a machine in seconds",
                              seconds.count(), Range::positive},
                             {"the number of machines", count, Range::positive}});
      !status.ok())
    return status;
  return to_duration(seconds / count);
}

}  // namespace weir::advisor
