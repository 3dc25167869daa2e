// What queries of Nexmark read, made by bare loops: their ceilings.
#pragma once

#include <cstdint>

#include "examples/nexmark/event.hpp"

namespace bench {

/// How much of each kind of event a query reads.
struct Reads {
  enum class Of : std::uint8_t { nothing, brief, full };

  Of people = Of::nothing;
  Of auctions = Of::nothing;
  Of bids = Of::nothing;
  bool channels = false;
};

/// What a loop has made, looked at so that nothing can be left out.
struct Made {
  std::uint64_t bids = 0;
  std::uint64_t weight = 0;

  void add(const nexmark::Person& person) {
    weight += static_cast<std::uint64_t>(person.id) + person.name.size() + person.extra.size();
  }
  void add(const nexmark::Auction& auction) {
    weight += static_cast<std::uint64_t>(auction.id + auction.seller) + auction.extra.size();
  }
  void add(const nexmark::Bid& bid) {
    ++bids;
    weight += static_cast<std::uint64_t>(bid.price + bid.auction + bid.bidder) + bid.extra.size();
  }
  void add(const nexmark::Channel& channel) { weight += channel.name.size() + channel.url.size(); }
};

/// Makes of every `step`-th event from `first` on, before `end`, what is read.
Made make(const Reads& reads, std::int64_t first, std::int64_t step, std::int64_t end);

}  // namespace bench
