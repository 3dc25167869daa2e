// AuctionJoin: brings each bid together with its auction, whichever comes first.
#pragma once

#include "query.hpp"

namespace nexmark {

inline std::int64_t auction_of(const Offer& offer) {
  const auto* auction = std::get_if<Auction>(&offer);
  return auction != nullptr ? auction->id : std::get<Bid>(offer).auction;
}

/// Whether a bid was made while its auction was open, both ends included.
inline bool is_in_time(const Auction& auction, const Bid& bid) {
  return auction.date_time <= bid.date_time && bid.date_time <= auction.expires;
}

/// Calls `on_bid` once for each bid whose auction exists.
template <class Row>
class AuctionJoin : public weir::KeyedProcess<std::int64_t, Offer, Row> {
public:
  using Base = weir::KeyedProcess<std::int64_t, Offer, Row>;

  void on_record(const Offer& offer, typename Base::Ctx& ctx, weir::Emit<Row>& out) final {
    if (const auto* auction = std::get_if<Auction>(&offer)) {
      const std::vector<Bid> bids = waiting_.get();
      waiting_.clear();
      auction_.set(*auction);
      on_auction(*auction, ctx);
      for (const Bid& bid : bids) on_bid(*auction, bid, out);
    } else if (const Bid& bid = std::get<Bid>(offer); auction_) {
      on_bid(*auction_.find(), bid, out);
    } else {
      if (waiting_.get().empty()) on_waiting(bid, ctx);
      waiting_.add(bid);
    }
  }

protected:
  /// The auction of the current key, or null. Valid until the first change of a state.
  const Auction* auction() const { return auction_.find(); }

  /// Drops the auction of the current key, and the bids that wait for it.
  void forget() {
    auction_.clear();
    waiting_.clear();
  }

private:
  /// `auction` is valid until the first change of a state.
  virtual void on_bid(const Auction& auction, const Bid& bid, weir::Emit<Row>& out) = 0;
  /// Called before `on_bid` for the bids that have waited.
  virtual void on_auction(const Auction&, typename Base::Ctx&) {}
  /// Called for the first of the bids that wait.
  virtual void on_waiting(const Bid&, typename Base::Ctx&) {}

  weir::ValueState<Auction> auction_{*this, "auction"};
  weir::ListState<Bid> waiting_{*this, "waiting"};  // for the auction
};

}  // namespace nexmark
