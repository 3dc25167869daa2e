// q9: the winning bid of each auction: the highest one in time, of equal ones the earliest.
#include "auction_join.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

struct Row {
  Auction auction;
  Bid bid;
};

class Winner final : public AuctionJoin<Row> {
  void on_bid(const Auction& auction, const Bid& bid, weir::Emit<Row>& out) override {
    if (!is_in_time(auction, bid)) return;
    const Bid* leader = winner_.find();
    if (leader != nullptr && !is_ahead(bid, *leader)) return;
    out({auction, bid});
    winner_.set(bid);
  }

  weir::ValueState<Bid> winner_{*this, "winner"};
};

std::int64_t id_of(const Row& row) {
  return row.auction.id;
}

}  // namespace

void q9(weir::Job& job, const Settings& settings) {
  const auto winners =
      offers(job, settings, Detail::full).key_by(auction_of).process<Winner>("winner");
  results(winners, id_of, settings)
      .sink("out", table<Row>(settings,
                              "id,item_name,description,initial_bid,reserve,date_time,expires,"
                              "seller,category,extra,bid_id,auction,bidder,price,bid_date_time,"
                              "bid_extra"));
}

}  // namespace nexmark
