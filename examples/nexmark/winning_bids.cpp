#include "winning_bids.hpp"

#include "auction_join.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

/// How long bids wait for an auction that has not begun: twice as long as an auction is open on
/// average, as in Beam. Those for an auction that has closed wait in vain.
constexpr auto kPatience = 334ms;

weir::Timestamp close_of(const Auction& auction) {
  return auction.expires - 1ms;
}

class Winner final : public AuctionJoin<WinningBid> {
public:
  void on_timer(weir::Timestamp at, Ctx&, weir::Emit<WinningBid>& out) override {
    const Auction* closing = auction();
    if (closing != nullptr && at != close_of(*closing)) return;  // nobody waits any more
    if (closing != nullptr && winner_) out({*closing, *winner_.find()});
    winner_.clear();
    forget();
  }

private:
  void on_auction(const Auction& auction, Ctx& ctx) override {
    ctx.event_timers().at(close_of(auction));
  }

  void on_waiting(const Bid& bid, Ctx& ctx) override {
    ctx.event_timers().at(bid.date_time + kPatience);
  }

  void on_bid(const Auction& auction, const Bid& bid, weir::Emit<WinningBid>&) override {
    if (bid.date_time >= auction.expires || bid.price < auction.reserve) return;
    const Bid* leader = winner_.find();
    if (leader == nullptr || is_ahead(bid, *leader)) winner_.set(bid);
  }

  weir::ValueState<Bid> winner_{*this, "winner"};
};

}  // namespace

weir::Stream<WinningBid> winning_bids(weir::Job& job, const Settings& settings, Detail detail) {
  const auto read = [detail](const Event& event, weir::Emit<Offer>& out) {
    if (event.kind() == Kind::auction) out.emplace(event.auction());  // for its reserve
    if (event.kind() == Kind::bid) out.emplace(event.bid(detail));
  };
  return winning_bids(job.source("offers", source<Offer>(settings.input, read))
                          .event_time(time_of<Auction, Bid>, weir::bounded_lag(kLag)));
}

weir::Stream<WinningBid> winning_bids(const weir::Stream<Offer>& offers) {
  return offers.key_by(auction_of).process<Winner>("winner");
}

}  // namespace nexmark
