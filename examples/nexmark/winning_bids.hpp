// Winning bids as Beam has them: each auction gets one when it closes.
//
// The winner is the highest bid before the end that is not below the reserve, of equal ones the
// earliest. Bids from before the auction's own beginning count.
#pragma once

#include "query.hpp"

namespace nexmark {

struct WinningBid {
  Auction auction;
  Bid bid;
};

/// The winning bids of all auctions that have one, in the order in which the auctions close. Their
/// time is the last millisecond in which bids were taken. `detail` is that of the bids.
weir::Stream<WinningBid> winning_bids(weir::Job& job, const Settings& settings, Detail detail);

/// The same for any auctions and bids that have times.
weir::Stream<WinningBid> winning_bids(const weir::Stream<Offer>& offers);

}  // namespace nexmark
