// q11: how many bids each bidder makes in a row, with less than ten seconds in between.
#include "queries.hpp"

namespace nexmark {

void q11(weir::Job& job, const Settings& settings) {
  using Count = weir::Windowed<std::int64_t, std::int64_t>;
  bids(job, settings, Detail::brief)
      .event_time(&Bid::date_time, weir::bounded_lag(kLag))
      .key_by(&Bid::bidder)
      .window(weir::session(std::chrono::seconds{10}))
      .count("sessions")
      .sink("out", table<Count>(settings, "bidder,window_start,window_end,bid_count"));
}

}  // namespace nexmark
