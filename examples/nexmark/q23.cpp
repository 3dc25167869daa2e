// q23: the bids of people who sell, too, with all that is known of them and of each of their
// auctions. Whoever comes first waits for the others, for ever.
#include "channel_bid.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

using Deed = std::variant<Person, Auction, ChannelBid>;

struct Row {
  ChannelBid in;
  Person person;
  Auction auction;
};

void read(const Event& event, weir::Emit<Deed>& out) {
  switch (event.kind()) {
    case Kind::person: return out.emplace(event.person());
    case Kind::auction: return out.emplace(event.auction());
    case Kind::bid: return out.emplace(ChannelBid{event.bid(), event.channel()});
  }
}

std::int64_t doer_of(const Deed& deed) {
  if (const auto* person = std::get_if<Person>(&deed)) return person->id;
  if (const auto* auction = std::get_if<Auction>(&deed)) return auction->seller;
  return std::get<ChannelBid>(deed).bid.bidder;
}

weir::Timestamp date_of(const Deed& deed) {
  if (const auto* person = std::get_if<Person>(&deed)) return person->date_time;
  if (const auto* auction = std::get_if<Auction>(&deed)) return auction->date_time;
  return std::get<ChannelBid>(deed).bid.date_time;
}

class Join final : public weir::KeyedProcess<std::int64_t, Deed, Row> {
public:
  void on_record(const Deed& deed, Ctx&, weir::Emit<Row>& out) override {
    std::visit([&](const auto& one) { add(one, out); }, deed);
  }

private:
  void add(const Person& person, weir::Emit<Row>& out) {
    for (const ChannelBid& in : bids_.get())
      for (const Auction& auction : auctions_.get()) out({in, person, auction});
    person_.set(person);
  }
  void add(const Auction& auction, weir::Emit<Row>& out) {
    if (const Person* person = person_.find())
      for (const ChannelBid& in : bids_.get()) out({in, *person, auction});
    auctions_.add(auction);
  }
  void add(const ChannelBid& in, weir::Emit<Row>& out) {
    if (const Person* person = person_.find())
      for (const Auction& auction : auctions_.get()) out({in, *person, auction});
    bids_.add(in);
  }

  weir::ValueState<Person> person_{*this, "person"};
  weir::ListState<Auction> auctions_{*this, "auctions"};
  weir::ListState<ChannelBid> bids_{*this, "bids"};
};

}  // namespace

void q23(weir::Job& job, const Settings& settings) {
  timed(job.source("deeds", source<Deed>(settings.input, read)), date_of, settings)
      .key_by(doer_of)
      .process<Join>("join")
      .sink("out", table<Row>(settings,
                              "bid_id,auction,bidder,price,bid_date_time,bid_extra,channel,url,"
                              "person_id,name,email,credit_card,city,state,person_date_time,"
                              "person_extra,id,item_name,description,initial_bid,reserve,"
                              "date_time,expires,seller,category,extra"));
}

}  // namespace nexmark
