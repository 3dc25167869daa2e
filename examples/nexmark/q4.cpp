// q4: the average, for each category, of the highest bids of its auctions. SQL has one average that
// changes with each higher bid. Beam waits until an auction has closed, and has one average of the
// winning bids of each ten seconds, every five.
#include "auction_join.hpp"
#include "queries.hpp"
#include "rounded.hpp"
#include "winning_bids.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

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

void add(Sum& sum, const Rise& rise) {
  sum.price += rise.price;
  sum.auctions += rise.auctions;
}
void merge(Sum& sum, const Sum& later) {
  sum.price += later.price;
  sum.auctions += later.auctions;
}

struct Row {
  std::int64_t category;
  std::int64_t average;  // rounded down
  std::int64_t auctions;
};

Row row_of(std::int64_t category, const Sum& sum) {
  return {category, sum.price / sum.auctions, sum.auctions};
}

struct WindowRow {
  std::int64_t category;
  std::int64_t average;  // rounded
  std::int64_t auctions;
  weir::Window window;
};

WindowRow window_row_of(std::int64_t category, const weir::Window& window, const Sum& sum) {
  return {category, rounded_average(sum.price, sum.auctions), sum.auctions, window};
}

void q4_of_beam(weir::Job& job, const Settings& settings) {
  winning_bids(job, settings, Detail::brief)
      .map("price",
           [](const WinningBid& winner) {
             return Rise{winner.auction.category, winner.bid.price, 1};
           })
      .key_by(&Rise::category)
      .window(weir::sliding(10s, 5s))
      .aggregate("average", Sum{}, add, merge, window_row_of)
      .sink("out", table<WindowRow>(settings, "category,average,auctions,window_start,window_end"));
}

}  // namespace

void q4(weir::Job& job, const Settings& settings) {
  if (settings.is_beam) return q4_of_beam(job, settings);
  offers(job, settings, Detail::brief)
      .key_by(auction_of)
      .process<Highest>("highest")
      .key_by(&Rise::category)
      .aggregate("average", Sum{}, add, row_of, emit_results(settings))
      .sink("out", table<Row>(settings, "category,average,auctions"));
}

}  // namespace nexmark
