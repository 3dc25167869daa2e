// How long the state of a checkpoint takes to its storage, and how much of it there is to take.
#pragma once

#include "checkpoint/advisor/model.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::advisor {

/// What one subtask uploads.
struct Upload {
  std::uint64_t bytes = 0;      ///< S_i
  double bytes_per_second = 0;  ///< R_i, above 0: what its own connection carries
};

/// Returns how long all uploads take side by side: max(max S_i / R_i, sum S_i / R). `shared`, R,
/// above 0, is what the storage takes in bytes per second; none: it is no limit.
/// Error: `invalid_argument` if a rate is not a finite number above 0.
Result<Seconds> upload_time(const std::vector<Upload>& uploads, std::optional<double> shared);

/// Returns how many bytes an incremental checkpoint uploads: min(S, d T). `changed_per_second`, d,
/// at least 0, counts a byte once per interval, however often it changes.
/// Error: `invalid_argument`.
Result<double> incremental_bytes(std::uint64_t state_bytes, double changed_per_second,
                                 Seconds interval);

}  // namespace weir::advisor
