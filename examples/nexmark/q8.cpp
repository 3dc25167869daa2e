// q8: who has come to the auction house and begun to sell within the same ten seconds. SQL names
// each of them once; Beam has a row for each of their auctions, with its reserve.
#include "party.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

/// What a person has done in a window.
struct Newcomer {
  std::string name = {};
  bool has_come = false;
  std::vector<std::int64_t> reserves = {};  // of the auctions; SQL wants to know if there is one

  void merge(const Newcomer& later) {
    if (later.has_come) name = later.name;
    has_come = has_come || later.has_come;
    reserves.insert(reserves.end(), later.reserves.begin(), later.reserves.end());
  }
};

struct Found {
  std::int64_t id;
  weir::Timestamp window_start;
  Newcomer newcomer;
};

struct Row {
  std::int64_t id;
  std::string name;
  weir::Timestamp window_start;
};

struct AuctionRow {
  std::int64_t id;
  std::string name;
  std::int64_t reserve;
};

Found found(std::int64_t id, const weir::Window& window, const Newcomer& newcomer) {
  return {id, window.start, newcomer};
}

void emit_person(const Found& found, weir::Emit<Row>& out) {
  const Newcomer& newcomer = found.newcomer;
  if (newcomer.has_come && !newcomer.reserves.empty())
    out({found.id, newcomer.name, found.window_start});
}

void emit_auctions(const Found& found, weir::Emit<AuctionRow>& out) {
  if (!found.newcomer.has_come) return;
  for (const std::int64_t reserve : found.newcomer.reserves)
    out({found.id, found.newcomer.name, reserve});
}

weir::Stream<Found> newcomers(weir::Job& job, const Settings& settings) {
  const bool wants_all = settings.is_beam;
  const auto read = [wants_all](const Event& event, weir::Emit<Party>& out) {
    if (event.kind() == Kind::person) out.emplace(event.person(Detail::brief));
    if (event.kind() == Kind::auction)
      out.emplace(event.auction(wants_all ? Detail::full : Detail::brief));
  };
  const auto add = [wants_all](Newcomer& newcomer, const Party& party) {
    if (const auto* person = std::get_if<Person>(&party)) {
      newcomer.name = person->name;
      newcomer.has_come = true;
    } else if (wants_all || newcomer.reserves.empty()) {
      newcomer.reserves.push_back(std::get<Auction>(party).reserve);
    }
  };
  return job.source("parties", source<Party>(settings.input, read))
      .event_time(time_of<Person, Auction>, weir::bounded_lag(kLag))
      .key_by(person_of)
      .window(weir::tumbling(10s))
      .aggregate("newcomers", Newcomer{}, add, &Newcomer::merge, found);
}

}  // namespace

void q8(weir::Job& job, const Settings& settings) {
  const auto all = newcomers(job, settings);
  if (settings.is_beam)
    all.flat_map("auctions", emit_auctions)
        .sink("out", table<AuctionRow>(settings, "id,name,reserve"));
  else
    all.flat_map("wanted", emit_person).sink("out", table<Row>(settings, "id,name,window_start"));
}

}  // namespace nexmark
