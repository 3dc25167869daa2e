// Parties: people and the auctions that they sell in, as q3 and q8 read them.
#pragma once

#include "query.hpp"

namespace nexmark {

using Party = std::variant<Person, Auction>;

/// Who it is, or who sells.
inline std::int64_t person_of(const Party& party) {
  const auto* person = std::get_if<Person>(&party);
  return person != nullptr ? person->id : std::get<Auction>(party).seller;
}

}  // namespace nexmark
