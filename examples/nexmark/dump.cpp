#include "dump.hpp"

namespace nexmark {

namespace {

void append(const std::string& value, std::string& line) {
  line += value;
}
void append(std::int64_t value, std::string& line) {
  line += std::to_string(value);
}
void append(weir::Timestamp value, std::string& line) {
  append(value.time_since_epoch().count(), line);
}

template <class... Field>
void append_fields(std::string& line, char kind, const Field&... field) {
  line += kind;
  ((line += '|', append(field, line)), ...);
  line += '\n';
}

}  // namespace

void append_line(const Event& event, std::string& text) {
  switch (event.kind()) {
    case Kind::person: {
      const Person p = event.person();
      return append_fields(text, 'P', p.id, p.name, p.email, p.credit_card, p.city, p.state,
                           p.date_time, p.extra);
    }
    case Kind::auction: {
      const Auction a = event.auction();
      return append_fields(text, 'A', a.id, a.item_name, a.description, a.initial_bid, a.reserve,
                           a.date_time, a.expires, a.seller, a.category, a.extra);
    }
    case Kind::bid: {
      const Bid b = event.bid();
      return append_fields(text, 'B', b.auction, b.bidder, b.price, b.date_time, b.extra);
    }
  }
}

}  // namespace nexmark
