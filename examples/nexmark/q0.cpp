// q0: what it costs to let bids through.
#include "queries.hpp"

namespace nexmark {

void q0(weir::Job& job, const Settings& settings) {
  bids(job, settings, Detail::full)
      .sink("out", table<Bid>(settings, "id,auction,bidder,price,date_time,extra"));
}

}  // namespace nexmark
