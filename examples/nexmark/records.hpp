// What happens at the auction house. Prices are whole cents.
#pragma once

#include <weir/time.hpp>

#include <cstdint>
#include <string>

namespace nexmark {

/// Somebody who may sell and bid.
struct Person {
  std::int64_t id = 0;
  std::string name = {};
  std::string email = {};
  std::string credit_card = {};
  std::string city = {};
  std::string state = {};
  weir::Timestamp date_time = {};
  std::string extra = {};
};

/// Something that a person sells.
struct Auction {
  std::int64_t id = 0;
  std::string item_name = {};
  std::string description = {};
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  weir::Timestamp date_time = {};
  weir::Timestamp expires = {};
  std::int64_t seller = 0;  // a person
  std::int64_t category = 0;
  std::string extra = {};
};

/// What a person offers in an auction.
struct Bid {
  std::int64_t id = 0;  // the number of its event: it tells apart bids of one millisecond
  std::int64_t auction = 0;
  std::int64_t bidder = 0;  // a person
  std::int64_t price = 0;
  weir::Timestamp date_time = {};
  std::string extra = {};
};

/// Where a bid came from.
struct Channel {
  std::string name = {};
  std::string url = {};
};

/// Whether `a` was made before `b`.
inline bool is_earlier(const Bid& a, const Bid& b) {
  return a.id < b.id;
}

/// Whether `a` is ahead of `b` in its auction: of equally high ones the earlier one is.
inline bool is_ahead(const Bid& a, const Bid& b) {
  return a.price != b.price ? a.price > b.price : is_earlier(a, b);
}

}  // namespace nexmark
