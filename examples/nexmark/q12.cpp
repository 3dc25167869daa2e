// q12: how many bids each bidder makes in every ten seconds by the wall clock.
#include "queries.hpp"

namespace nexmark {

/// The windows that have not ended when the events do are dropped.
void q12(weir::Job& job, const Settings& settings) {
  using Count = weir::Windowed<std::int64_t, std::int64_t>;
  bids(job, settings, Detail::brief)
      .key_by(&Bid::bidder)
      .window(weir::tumbling(std::chrono::seconds{10}).in_processing_time())
      .count("counts")
      .sink("out", table<Count>(settings, "bidder,window_start,window_end,bid_count"));
}

}  // namespace nexmark
