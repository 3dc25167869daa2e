// What q11 does with bids, whoever made them.
#pragma once

#include "query.hpp"

namespace nexmark {

using BidCount = weir::Windowed<std::int64_t, std::int64_t>;  // of bids, by bidder

/// Counts the bids of each bidder in sessions, which end when nothing has come for `gap`. Two whose
/// gaps only touch are one, or with `apart` are two.
weir::Stream<BidCount> sessions(const weir::Stream<Bid>& bids, std::chrono::milliseconds gap,
                                bool apart);

}  // namespace nexmark
