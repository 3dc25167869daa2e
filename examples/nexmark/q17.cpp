// q17: the bids of each auction and day, summed up.
#include <algorithm>
#include <limits>

#include "calendar.hpp"
#include "price_ranks.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

using AuctionDay = std::pair<std::int64_t, Day>;

struct Sums {
  Ranked bids = {};
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = 0;
  std::int64_t price = 0;
};

struct Row {
  std::int64_t auction;
  std::string day;
  Ranked bids;
  std::int64_t min_price;
  std::int64_t max_price;
  std::int64_t avg_price;  // rounded down
  std::int64_t sum_price;
};

AuctionDay key_of(const Bid& bid) {
  return {bid.auction, day_of(bid.date_time)};
}

Row row_of(const AuctionDay& key, const Sums& sums) {
  return {key.first, day_text(key.second),         sums.bids, sums.least,
          sums.most, sums.price / sums.bids.total, sums.price};
}

}  // namespace

void q17(weir::Job& job, const Settings& settings) {
  const auto add = [](Sums& sums, const Bid& bid) {
    ++sums.bids.total;
    sums.bids.add(rank_of(bid.price));
    sums.least = std::min(sums.least, bid.price);
    sums.most = std::max(sums.most, bid.price);
    sums.price += bid.price;
  };
  bids(job, settings, Detail::brief)
      .key_by(key_of)
      .aggregate("sums", Sums{}, add, row_of, emit_results(settings))
      .sink("out", table<Row>(settings,
                              "auction,day,total_bids,rank1_bids,rank2_bids,rank3_bids,min_price,"
                              "max_price,avg_price,sum_price"));
}

}  // namespace nexmark
