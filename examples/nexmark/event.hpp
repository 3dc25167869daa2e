// Event: one of the endless events of Nexmark, made by the rules of Apache Beam's generator.
//
// An event is a pure function of its number: each has random numbers of its own, seeded with it. So
// events can be made in any order, on any machine and again. What is not asked for is not made: an
// Event is no more than its number until somebody reads the person, auction or bid that it is.
//
// Of 50 events one is a person, 3 are auctions and 46 are bids, in this order. The first happens
// when 2015-07-15 begins (UTC), and 10,000 happen in each second of event time.
#pragma once

#include <weir/time.hpp>

#include <cstdint>

#include "records.hpp"

namespace nexmark {

enum class Kind : std::uint8_t { person, auction, bid };

/// How much of a record is made. Random numbers come in a fixed order, so that what is drawn late
/// costs all that is drawn before.
enum class Detail : std::uint8_t {
  brief,  ///< without `extra`; of an auction also without its texts and its reserve, drawn behind
  full,
};

class Event {
public:
  /// `number` is 0 or more.
  explicit constexpr Event(std::int64_t number) : number_{number} {}

  std::int64_t number() const { return number_; }

  Kind kind() const {
    const std::int64_t place = number_ % kRound;
    return place == 0 ? Kind::person : place <= kAuctions ? Kind::auction : Kind::bid;
  }

  weir::Timestamp time() const;

  /// The record that the event is; to be called for an event of that kind.
  Person person(Detail detail = Detail::full) const;
  Auction auction(Detail detail = Detail::full) const;
  Bid bid(Detail detail = Detail::full) const;

  /// The channel of a bid. Beam's bids have none; these are as those of Flink's generator, but
  /// also a function of the number, drawn apart from the rest of the bid.
  Channel channel() const;

private:
  static constexpr std::int64_t kRound = 50;    // events: a person, its auctions, and bids
  static constexpr std::int64_t kAuctions = 3;  // of a round

  /// The newest person and auction when the event happens, counted from 0. Before the first auction
  /// that is -1.
  std::int64_t last_person() const { return number_ / kRound; }
  std::int64_t last_auction() const;

  std::int64_t number_;
};

}  // namespace nexmark
