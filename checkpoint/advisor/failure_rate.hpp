// How often a job fails: from what it has seen, or from its machines.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <cstdint>

namespace weir::advisor {

/// What is taken as the mean time between failures of a job of which nothing is known.
inline constexpr Duration kUnknownMtbf = std::chrono::hours{24};

/// Estimates the mean time between failures of a job that has failed `failures` times while it was
/// running for `observed` >= 0: (observed + 1 day) / (failures + 1). One failure in a day is taken
/// as seen besides, so that the first days without a failure give an estimate too; after some tens
/// of failures it hardly counts. (One over the mean of a gamma distribution of the rate, whose
/// prior is that one failure.) Error: `invalid_argument` if `observed` is negative.
Result<Duration> observed_mtbf(Duration observed, std::uint64_t failures);

/// Returns the mean time between failures of a job on `machines` >= 1, each of which fails on its
/// own every `mtbf` > 0: mtbf / machines. Error: `invalid_argument`.
Result<Duration> mtbf_of_machines(Duration mtbf, std::uint64_t machines);

}  // namespace weir::advisor
