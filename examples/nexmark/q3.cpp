// q3: who sells items of category 10 in Oregon, Idaho and California. A join of two streams without
// an end: whoever comes first waits for the other, for ever.
#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kCategory = 10;

using Party = std::variant<Person, Auction>;

struct Row {
  std::string name;
  std::string city;
  std::string state;
  std::int64_t id;  // of the auction
};

bool is_wanted(const Person& person) {
  return person.state == "OR" || person.state == "ID" || person.state == "CA";
}
bool is_wanted(const Auction& auction) {
  return auction.category == kCategory;
}

void read(const Event& event, weir::Emit<Party>& out) {
  const auto emit = [&out](auto party) {
    if (is_wanted(party)) out.emplace(std::move(party));
  };
  if (event.kind() == Kind::person) emit(event.person(Detail::brief));
  if (event.kind() == Kind::auction) emit(event.auction(Detail::brief));
}

std::int64_t seller_of(const Party& party) {
  const auto* person = std::get_if<Person>(&party);
  return person != nullptr ? person->id : std::get<Auction>(party).seller;
}

class Join final : public weir::KeyedProcess<std::int64_t, Party, Row> {
public:
  void on_record(const Party& party, Ctx&, weir::Emit<Row>& out) override {
    if (const auto* person = std::get_if<Person>(&party)) {
      for (const std::int64_t auction : waiting_.get()) emit(*person, auction, out);
      waiting_.clear();
      person_.set(*person);
    } else if (const std::int64_t auction = std::get<Auction>(party).id; person_) {
      emit(*person_.find(), auction, out);
    } else {
      waiting_.add(auction);
    }
  }

private:
  static void emit(const Person& person, std::int64_t auction, weir::Emit<Row>& out) {
    out({person.name, person.city, person.state, auction});
  }

  weir::ValueState<Person> person_{*this, "person"};
  weir::ListState<std::int64_t> waiting_{*this, "waiting"};  // auctions without their seller
};

}  // namespace

void q3(weir::Job& job, const Settings& settings) {
  timed(job.source("parties", source<Party>(settings.input, read)), time_of<Person, Auction>,
        settings)
      .key_by(seller_of)
      .process<Join>("join")
      .sink("out", table<Row>(settings, "name,city,state,id"));
}

}  // namespace nexmark
