// What q13 does with bids and the table beside them.
#pragma once

#include "query.hpp"

namespace nexmark {

/// A row of the table: keys are 0, 1, ...
struct SideRow {
  std::int64_t key;
  std::string value;
};

struct Enriched {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  weir::Timestamp date_time;
  std::string value;
};

/// Which table there is, and what of a bid leads into it.
struct Side {
  std::int64_t rows;  ///< 1 or more
  std::int64_t Bid::*by;
};

/// Gives each bid the value whose key is the remainder of its number by the rows of the table. Bids
/// wait until the whole table is there.
weir::Stream<Enriched> enriched(const weir::Stream<Bid>& bids, const weir::Stream<SideRow>& table,
                                Side side);

}  // namespace nexmark
