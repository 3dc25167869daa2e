// Ranks of prices, and counts by rank: what q15, q16 and q17 have in common.
#pragma once

#include "query.hpp"

namespace nexmark {

/// 1, 2 or 3: below 100 dollars, below 10,000, or more.
inline int rank_of(std::int64_t price) {
  return price < 10'000 ? 1 : price < 1'000'000 ? 2 : 3;
}

/// How many there are, and how many of each rank.
struct Ranked {
  std::int64_t total = 0;
  std::int64_t rank1 = 0;
  std::int64_t rank2 = 0;
  std::int64_t rank3 = 0;

  void add(int rank) { ++(rank == 1 ? rank1 : rank == 2 ? rank2 : rank3); }
};

/// How many bids, bidders and auctions there are. Of the latter two each counts once, in total and
/// for each rank that they have a bid of.
struct Census {
  Ranked bids = {};
  Ranked bidders = {};
  Ranked auctions = {};
};

/// The census of each key, kept in states of `owner`, a member of which this is to be.
class CensusState {
public:
  explicit CensusState(weir::StateOwner& owner)
      : census_{owner, "census"}, bidders_{owner, "bidders"}, auctions_{owner, "auctions"} {}

  /// Adds a bid to the census of the current key and returns it.
  Census add(const Bid& bid) {
    Census census = census_.value_or({});
    const int rank = rank_of(bid.price);
    ++census.bids.total;
    census.bids.add(rank);
    add_once(bidders_, bid.bidder, rank, census.bidders);
    add_once(auctions_, bid.auction, rank, census.auctions);
    census_.set(census);
    return census;
  }

private:
  using Seen = weir::MapState<std::int64_t, std::uint8_t>;  // id to a bit for each rank

  static void add_once(Seen& seen, std::int64_t id, int rank, Ranked& count) {
    const std::uint8_t* known = seen.find(id);
    const unsigned before = known != nullptr ? *known : 0U;
    const unsigned now = before | 1U << rank;
    if (now == before) return;
    if (before == 0) ++count.total;
    count.add(rank);
    seen.put(id, static_cast<std::uint8_t>(now));
  }

  weir::ValueState<Census> census_;
  Seen bidders_;
  Seen auctions_;
};

}  // namespace nexmark
