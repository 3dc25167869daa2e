// q5: which auctions have had the most bids in the last ten seconds, every two seconds; in Beam
// every five.
#include "queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

using Count = weir::Windowed<std::int64_t, std::int64_t>;  // of bids, by auction

struct Row {
  std::int64_t auction;
  std::int64_t num;
  weir::Timestamp window_start;
  weir::Timestamp window_end;
};

weir::Timestamp end_of(const Count& count) {
  return count.window.end;
}

void emit_hottest(const weir::Timestamp&, const weir::Window&, const std::vector<Count>& counts,
                  weir::Emit<Row>& out) {
  std::int64_t most = 0;
  for (const Count& count : counts) most = std::max(most, count.value);
  for (const Count& count : counts) {
    if (count.value == most) out({count.key, count.value, count.window.start, count.window.end});
  }
}

}  // namespace

/// All counts of one window have its last millisecond as their time: they meet in the windows that
/// tumble by a slide.
void q5(weir::Job& job, const Settings& settings) {
  const auto slide = settings.is_beam ? 5s : 2s;
  bids(job, settings, Detail::brief)
      .event_time(&Bid::date_time, weir::bounded_lag(kLag))
      .key_by(&Bid::auction)
      .window(weir::sliding(10s, slide))
      .count("counts")
      .key_by(end_of)
      .window(weir::tumbling(slide))
      .process("hottest", emit_hottest)
      .sink("out", table<Row>(settings, "auction,num,window_start,window_end"));
}

}  // namespace nexmark
