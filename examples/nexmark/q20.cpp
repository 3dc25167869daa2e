// q20: bids in auctions of category 10, with all that is known of the auction.
#include "auction_join.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kCategory = 10;

struct Row {
  Bid bid;
  Auction auction;
};

class Join final : public AuctionJoin<Row> {
  void on_bid(const Auction& auction, const Bid& bid, weir::Emit<Row>& out) override {
    if (auction.category == kCategory) out({bid, auction});
  }
};

}  // namespace

void q20(weir::Job& job, const Settings& settings) {
  offers(job, settings, Detail::full)
      .key_by(auction_of)
      .process<Join>("join")
      .sink("out", table<Row>(settings,
                              "bid_id,auction,bidder,price,bid_date_time,bid_extra,id,item_name,"
                              "description,initial_bid,reserve,date_time,expires,seller,category,"
                              "extra"));
}

}  // namespace nexmark
