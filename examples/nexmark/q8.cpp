// q8: who has come to the auction house and begun to sell within the same ten seconds.
#include "queries.hpp"

namespace nexmark {

namespace {

using namespace std::chrono_literals;

using Party = std::variant<Person, Auction>;

/// What a person has done in a window.
struct Newcomer {
  std::string name = {};
  bool has_come = false;
  bool sells = false;
};

struct Row {
  std::int64_t id;
  std::string name;
  weir::Timestamp window_start;
};

void read(const Event& event, weir::Emit<Party>& out) {
  if (event.kind() == Kind::person) out.emplace(event.person(Detail::brief));
  if (event.kind() == Kind::auction) out.emplace(event.auction(Detail::brief));
}

std::int64_t person_of(const Party& party) {
  const auto* person = std::get_if<Person>(&party);
  return person != nullptr ? person->id : std::get<Auction>(party).seller;
}

void add(Newcomer& newcomer, const Party& party) {
  if (const auto* person = std::get_if<Person>(&party)) {
    newcomer.name = person->name;
    newcomer.has_come = true;
  } else {
    newcomer.sells = true;
  }
}

void merge(Newcomer& newcomer, const Newcomer& later) {
  if (later.has_come) newcomer.name = later.name;
  newcomer.has_come = newcomer.has_come || later.has_come;
  newcomer.sells = newcomer.sells || later.sells;
}

using Found = std::pair<Row, bool>;  // and whether it is wanted

Found row_of(std::int64_t id, const weir::Window& window, const Newcomer& newcomer) {
  return {{id, newcomer.name, window.start}, newcomer.has_come && newcomer.sells};
}

}  // namespace

void q8(weir::Job& job, const Settings& settings) {
  job.source("parties", source<Party>(settings.input, read))
      .event_time(time_of<Person, Auction>, weir::bounded_lag(kLag))
      .key_by(person_of)
      .window(weir::tumbling(10s))
      .aggregate("newcomers", Newcomer{}, add, merge, row_of)
      .flat_map("wanted",
                [](const Found& found, weir::Emit<Row>& out) {
                  if (found.second) out(found.first);
                })
      .sink("out", table<Row>(settings, "id,name,window_start"));
}

}  // namespace nexmark
