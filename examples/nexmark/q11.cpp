// q11: how many bids each bidder makes in a row, ten seconds or less apart; in Beam less than ten.
// (Beam also writes what a session has come to with every 100,000 bids of it: no bidder has them.)
#include "q11.hpp"

#include "queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr auto kGap = 10s;
constexpr auto kTick = 1ms;  // of event time

}  // namespace

weir::Stream<BidCount> sessions(const weir::Stream<Bid>& bids, std::chrono::milliseconds gap,
                                bool apart) {
  return bids.key_by(&Bid::bidder)
      .window(weir::session(apart ? gap - kTick : gap))
      .count("sessions");
}

void q11(weir::Job& job, const Settings& settings) {
  const auto timed =
      bids(job, settings, Detail::brief).event_time(&Bid::date_time, weir::bounded_lag(kLag));
  auto counts = sessions(timed, kGap, settings.is_beam);
  if (settings.is_beam)
    counts = counts.map("ends", [](const BidCount& count) {
      return BidCount{count.key, {count.window.start, count.window.end + kTick}, count.value};
    });
  counts.sink("out", table<BidCount>(settings, "bidder,window_start,window_end,bid_count"));
}

}  // namespace nexmark
