// q4: the average, for each category, of the highest bids of its auctions.
#include "auction_join.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

/// By how much the highest bid of an auction grew.
struct Rise {
  std::int64_t category;
  std::int64_t price;
  std::int64_t auctions;  // 1 for the first bid of an auction, else 0
};

class Highest final : public AuctionJoin<Rise> {
  void on_bid(const Auction& auction, const Bid& bid, weir::Emit<Rise>& out) override {
    if (!is_in_time(auction, bid)) return;
    const auto before = highest_.get();
    if (before && bid.price <= *before) return;
    out({auction.category, bid.price - before.value_or(0), before ? 0 : 1});
    highest_.set(bid.price);
  }

  weir::ValueState<std::int64_t> highest_{*this, "highest"};
};

struct Sum {
  std::int64_t price;
  std::int64_t auctions;
};

struct Row {
  std::int64_t category;
  std::int64_t average;  // rounded down
  std::int64_t auctions;
};

Row row_of(std::int64_t category, const Sum& sum) {
  return {category, sum.price / sum.auctions, sum.auctions};
}

}  // namespace

void q4(weir::Job& job, const Settings& settings) {
  const auto add = [](Sum& sum, const Rise& rise) {
    sum.price += rise.price;
    sum.auctions += rise.auctions;
  };
  offers(job, settings, Detail::brief)
      .key_by(auction_of)
      .process<Highest>("highest")
      .key_by(&Rise::category)
      .aggregate("average", Sum{}, add, row_of, emit_results(settings))
      .sink("out", table<Row>(settings, "category,average,auctions"));
}

}  // namespace nexmark
