// What another kind of checkpoint would bring, estimated from the parts of the present one.
#pragma once

#include "checkpoint/advisor/reckoning.hpp"

#include <optional>

namespace weir::advisor {

/// Returns that incremental checkpoints would help, if most of the duration is upload and little of
/// the state changes within `interval`; none too if the measurements do not tell.
std::optional<Hint> hint_incremental(const Reckoning& reckoning, Seconds interval);

/// Returns that unaligned checkpoints would help, if most of the duration is alignment.
std::optional<Hint> hint_unaligned(const Reckoning& reckoning);

}  // namespace weir::advisor
