// q3: who sells items of category 10 in Oregon, Idaho and California. A join of two streams without
// an end: whoever comes first waits for the other, in SQL for ever, in Beam for ten minutes.
#include "q3.hpp"

#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kCategory = 10;
constexpr std::chrono::minutes kBeamPatience{10};

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

class Join final : public weir::KeyedProcess<std::int64_t, Party, Suggestion> {
public:
  explicit Join(std::optional<std::chrono::seconds> patience) : patience_{patience} {}

  void on_record(const Party& party, Ctx& ctx, weir::Emit<Suggestion>& out) override {
    if (patience_) remember_until(time_of(party) + *patience_, ctx);
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

  void on_timer(weir::Timestamp, Ctx&, weir::Emit<Suggestion>&) override {
    person_.clear();
    waiting_.clear();
    until_.clear();
  }

private:
  static void emit(const Person& person, std::int64_t auction, weir::Emit<Suggestion>& out) {
    out({person.name, person.city, person.state, auction});
  }

  void remember_until(weir::Timestamp until, Ctx& ctx) {
    if (const auto before = until_.get()) ctx.event_timers().cancel(*before);
    ctx.event_timers().at(until);
    until_.set(until);
  }

  std::optional<std::chrono::seconds> patience_;
  weir::ValueState<Person> person_{*this, "person"};
  weir::ListState<std::int64_t> waiting_{*this, "waiting"};  // auctions without their seller
  weir::ValueState<weir::Timestamp> until_{*this, "until"};  // all this is remembered
};

}  // namespace

weir::Stream<Suggestion> suggestions(const weir::Stream<Party>& parties,
                                     std::optional<std::chrono::seconds> patience) {
  return parties.key_by(person_of).process<Join>("join", patience);
}

void q3(weir::Job& job, const Settings& settings) {
  constexpr auto time = time_of<Person, Auction>;
  const auto parties =
      timed(job.source("parties", source<Party>(settings.input, read)), time, settings);
  const auto found =
      settings.is_beam
          ? suggestions(parties.event_time(time, weir::bounded_lag(kLag)), kBeamPatience)
          : suggestions(parties, std::nullopt);
  found.sink("out", table<Suggestion>(settings, "name,city,state,id"));
}

}  // namespace nexmark
