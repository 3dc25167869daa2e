// What q3 does with people and auctions, whoever picked them.
#pragma once

#include "party.hpp"

namespace nexmark {

struct Suggestion {
  std::string name;
  std::string city;
  std::string state;
  std::int64_t id;  // of the auction
};

/// Joins auctions with their sellers, whoever comes first. With `patience`, which needs event time,
/// a seller and the auctions that wait for one are forgotten when neither has come for so long.
weir::Stream<Suggestion> suggestions(const weir::Stream<Party>& parties,
                                     std::optional<std::chrono::seconds> patience);

}  // namespace nexmark
