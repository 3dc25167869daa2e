// q9: the winning bid of each auction: the highest one in time, of equal ones the earliest. In SQL
// whoever is ahead wins, until somebody else is; Beam waits until the auction has closed.
#include "auction_join.hpp"
#include "queries.hpp"
#include "winning_bids.hpp"

namespace nexmark {

namespace {

class Leader final : public AuctionJoin<WinningBid> {
  void on_bid(const Auction& auction, const Bid& bid, weir::Emit<WinningBid>& out) override {
    if (!is_in_time(auction, bid)) return;
    const Bid* leader = leader_.find();
    if (leader != nullptr && !is_ahead(bid, *leader)) return;
    out({auction, bid});
    leader_.set(bid);
  }

  weir::ValueState<Bid> leader_{*this, "winner"};
};

std::int64_t id_of(const WinningBid& winner) {
  return winner.auction.id;
}

weir::Stream<WinningBid> leading_bids(weir::Job& job, const Settings& settings) {
  const auto leaders =
      offers(job, settings, Detail::full).key_by(auction_of).process<Leader>("winner");
  return results(leaders, id_of, settings);
}

}  // namespace

void q9(weir::Job& job, const Settings& settings) {
  const auto winners =
      settings.is_beam ? winning_bids(job, settings, Detail::full) : leading_bids(job, settings);
  winners.sink("out", table<WinningBid>(
                          settings,
                          "id,item_name,description,initial_bid,reserve,date_time,expires,seller,"
                          "category,extra,bid_id,auction,bidder,price,bid_date_time,bid_extra"));
}

}  // namespace nexmark
