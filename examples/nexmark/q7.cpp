// q7: the highest bids of every ten seconds.
#include "queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

constexpr auto kSize = 10s;

/// The highest bids of a window: several if they are equal.
struct Highest {
  weir::Timestamp end = {};
  std::vector<Bid> bids = {};

  void add(const Bid& bid) {
    if (!bids.empty() && bid.price < bids[0].price) return;
    if (!bids.empty() && bid.price > bids[0].price) bids.clear();
    bids.push_back(bid);
  }
  void merge(const Highest& other) {
    for (const Bid& bid : other.bids) add(bid);
  }
};

Highest of_window(std::int64_t, const weir::Window& window, const Highest& highest) {
  return {window.end, highest.bids};
}

}  // namespace

/// First by bidder, so that subtasks share the work.
void q7(weir::Job& job, const Settings& settings) {
  bids(job, settings, Detail::full)
      .event_time(&Bid::date_time, weir::bounded_lag(kLag))
      .key_by(&Bid::bidder)
      .window(weir::tumbling(kSize))
      .aggregate("of-bidder", Highest{}, &Highest::add, &Highest::merge, of_window)
      .key_by(&Highest::end)
      .window(weir::tumbling(kSize))
      .process("highest",
               [](const weir::Timestamp&, const weir::Window&, const std::vector<Highest>& all,
                  weir::Emit<Bid>& out) {
                 Highest highest;
                 for (const Highest& some : all) highest.merge(some);
                 for (const Bid& bid : highest.bids) out(bid);
               })
      .sink("out", table<Bid>(settings, "id,auction,bidder,price,date_time,extra"));
}

}  // namespace nexmark
