// q18: the last bid of each bidder in each auction.
#include "queries.hpp"

namespace nexmark {

namespace {

std::pair<std::int64_t, std::int64_t> bidder_and_auction(const Bid& bid) {
  return {bid.bidder, bid.auction};
}

}  // namespace

void q18(weir::Job& job, const Settings& settings) {
  const auto later = [](const Bid& a, const Bid& b) { return is_earlier(a, b) ? b : a; };
  bids(job, settings, Detail::full)
      .key_by(bidder_and_auction)
      .reduce("last", later, emit_results(settings))
      .sink("out", table<Bid>(settings, "id,auction,bidder,price,date_time,extra"));
}

}  // namespace nexmark
