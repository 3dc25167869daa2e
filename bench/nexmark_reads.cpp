#include "bench/nexmark_reads.hpp"

namespace bench {

namespace {

nexmark::Detail detail(Reads::Of much) {
  return much == Reads::Of::full ? nexmark::Detail::full : nexmark::Detail::brief;
}

}  // namespace

Made make(const Reads& reads, std::int64_t first, std::int64_t step, std::int64_t end) {
  using nexmark::Kind;
  constexpr auto kNothing = Reads::Of::nothing;
  Made made;
  for (std::int64_t n = first; n < end; n += step) {
    const nexmark::Event event{n};
    const Kind kind = event.kind();
    if (kind == Kind::bid && reads.bids != kNothing) {
      made.add(event.bid(detail(reads.bids)));
      if (reads.channels) made.add(event.channel());
    } else if (kind == Kind::auction && reads.auctions != kNothing) {
      made.add(event.auction(detail(reads.auctions)));
    } else if (kind == Kind::person && reads.people != kNothing) {
      made.add(event.person(detail(reads.people)));
    }
  }
  return made;
}

}  // namespace bench
