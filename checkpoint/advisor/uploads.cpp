#include "checkpoint/advisor/uploads.hpp"

#include <algorithm>

namespace weir::advisor {

Result<Seconds> upload_time(const std::vector<Upload>& uploads, std::optional<double> shared) {
  const auto rate = [](double value) {
    return Quantity{"a rate of upload in bytes per second", value, Range::positive};
  };
  if (Status status = check({rate(shared.value_or(1))}); !status.ok()) return status;
  double slowest = 0;
  double bytes = 0;
  for (const Upload& upload : uploads) {
    if (Status status = check({rate(upload.bytes_per_second)}); !status.ok()) return status;
    slowest = std::max(slowest, static_cast<double>(upload.bytes) / upload.bytes_per_second);
    bytes += static_cast<double>(upload.bytes);
  }
  return Seconds{shared ? std::max(slowest, bytes / *shared) : slowest};
}

Result<double> incremental_bytes(std::uint64_t state_bytes, double changed_per_second,
                                 Seconds interval) {
  if (Status status = check(
          {{"the change of state in bytes per second", changed_per_second, Range::not_negative},
           interval_of(interval)});
      !status.ok())
    return status;
  return std::min(static_cast<double>(state_bytes), changed_per_second * interval.count());
}

}  // namespace weir::advisor
