// q14: bids of a middling price, in euros, with the time of day and how often "c" is in their text.
#include <algorithm>

#include "calendar.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kRate = 908;             // thousandths
constexpr std::int64_t kAbove = 1'000'000'000;  // thousandths of a cent
constexpr std::int64_t kBelow = 50'000'000'000;

struct Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;  // thousandths of a cent
  std::string time_of_day;
  weir::Timestamp date_time;
  std::string extra;
  std::int64_t c_counts;
};

std::string time_of_day(weir::Timestamp time) {
  const auto hour = clock_of(time).hours().count();
  if (hour >= 8 && hour <= 18) return "dayTime";
  return hour <= 6 || hour >= 20 ? "nightTime" : "otherTime";
}

void calculate(const Bid& bid, weir::Emit<Row>& out) {
  const std::int64_t price = bid.price * kRate;
  if (price <= kAbove || price >= kBelow) return;
  out({bid.auction, bid.bidder, price, time_of_day(bid.date_time), bid.date_time, bid.extra,
       std::count(bid.extra.begin(), bid.extra.end(), 'c')});
}

}  // namespace

void q14(weir::Job& job, const Settings& settings) {
  bids(job, settings, Detail::full)
      .flat_map("calculate", calculate)
      .sink("out", table<Row>(settings,
                              "auction,bidder,price_thousandths,time_of_day,date_time,extra,"
                              "c_counts"));
}

}  // namespace nexmark
