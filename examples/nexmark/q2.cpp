// q2: the bids of every 123rd auction.
#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kEvery = 123;

struct Row {
  std::int64_t auction;
  std::int64_t price;
};

}  // namespace

void q2(weir::Job& job, const Settings& settings) {
  bids(job, settings, Detail::brief)
      .filter("pick", [](const Bid& bid) { return bid.auction % kEvery == 0; })
      .map("columns",
           [](const Bid& bid) {
             return Row{bid.auction, bid.price};
           })
      .sink("out", table<Row>(settings, "auction,price"));
}

}  // namespace nexmark
