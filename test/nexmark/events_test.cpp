// The events are those of Beam's generator: hashes of their lines were computed by two other
// programs, written in Java and Python, by the same rules.
#include "test/nexmark/lines.hpp"
#include "test/support/collect.hpp"

#include <algorithm>
#include <map>

#include "examples/nexmark/dump.hpp"
#include "examples/nexmark/source.hpp"

using namespace std::chrono_literals;
using namespace weir;
using nexmark::Detail;
using nexmark::Event;
using nexmark::Kind;

namespace {

constexpr std::uint64_t kHashOf1000 = 0x9877fbfd1b7138b0;
constexpr std::uint64_t kHashOf10000 = 0x83ce709872fd664d;
constexpr std::uint64_t kHashOf100000 = 0xa3f77d3507c1bf7b;

using Numbered = std::pair<std::int64_t, std::string>;

std::string line_of(std::int64_t number) {
  std::string line;
  nexmark::append_line(Event{number}, line);
  return line;
}

Source<Numbered> lines(const nexmark::Input& input) {
  return nexmark::source<Numbered>(input, [](const Event& event, Emit<Numbered>& out) {
    out({event.number(), line_of(event.number())});
  });
}

std::uint64_t hash_by_number(std::vector<Numbered> lines) {
  std::sort(lines.begin(), lines.end());
  test::LinesHash hash;
  for (const auto& [number, line] : lines) hash.add(line);
  return hash.value();
}

bool starts(const std::string& line, const std::string& with) {
  return line.starts_with(with);
}

}  // namespace

TEST_CASE("events are those of Beam, byte for byte", "[nexmark]") {
  const std::map<std::int64_t, std::uint64_t> expected{
      {1000, kHashOf1000}, {10'000, kHashOf10000}, {100'000, kHashOf100000}};
  test::LinesHash hash;
  std::map<Kind, int> kinds;
  for (std::int64_t n = 0; n < 100'000; ++n) {
    hash.add(line_of(n));
    ++kinds[Event{n}.kind()];
    if (const auto at = expected.find(n + 1); at != expected.end())
      CHECK(hash.value() == at->second);
  }
  CHECK(kinds ==
        std::map<Kind, int>{{Kind::person, 2000}, {Kind::auction, 6000}, {Kind::bid, 92'000}});
}

TEST_CASE("the first events are a person, three auctions and bids", "[nexmark]") {
  CHECK(starts(line_of(0),
               "P|1000|Peter Jones|nhd@xcat.com|7241 7320 9143 4888|Portland|WY|1436918400000|"));
  CHECK(starts(line_of(1),
               "A|1000|wkx mgee|eszpqxtdxrvwmmywkmogoahf|28873|29448|1436918400000|"
               "1436918400011|1000|13|"));
  CHECK(Event{2}.kind() == Kind::auction);
  CHECK(Event{3}.kind() == Kind::auction);
  CHECK(starts(line_of(4), "B|1000|1001|32530001|1436918400000|"));
  CHECK(starts(line_of(5), "B|1000|1009|468715|1436918400000|"));
  CHECK(starts(line_of(6), "B|1000|1001|300435|1436918400000|"));
  CHECK(starts(line_of(7), "B|1000|1001|3126206|1436918400000|"));
}

TEST_CASE("what is read in brief is as in full", "[nexmark]") {
  for (std::int64_t n = 0; n < 10'000; ++n) {
    CAPTURE(n);
    const Event event{n};
    if (event.kind() == Kind::person) {
      const auto brief = event.person(Detail::brief);
      const auto full = event.person();
      REQUIRE(std::tie(brief.id, brief.name, brief.email, brief.credit_card, brief.city,
                       brief.state, brief.date_time) == std::tie(full.id, full.name, full.email,
                                                                 full.credit_card, full.city,
                                                                 full.state, full.date_time));
      REQUIRE(brief.extra.empty());
    } else if (event.kind() == Kind::auction) {
      const auto brief = event.auction(Detail::brief);
      const auto full = event.auction();
      REQUIRE(std::tie(brief.id, brief.initial_bid, brief.date_time, brief.expires, brief.seller,
                       brief.category) == std::tie(full.id, full.initial_bid, full.date_time,
                                                   full.expires, full.seller, full.category));
      REQUIRE((brief.item_name + brief.description + brief.extra).empty());
    } else {
      const auto brief = event.bid(Detail::brief);
      const auto full = event.bid();
      REQUIRE(std::tie(brief.id, brief.auction, brief.bidder, brief.price, brief.date_time) ==
              std::tie(full.id, full.auction, full.bidder, full.price, full.date_time));
      REQUIRE(brief.extra.empty());
    }
  }
}

TEST_CASE("half of all bids come from four channels, the others from thousands", "[nexmark]") {
  std::map<std::string, std::string> urls;
  int hot = 0;
  int bids = 0;
  for (std::int64_t n = 0; n < 50'000; ++n) {
    if (Event{n}.kind() != Kind::bid) continue;
    const nexmark::Channel channel = Event{n}.channel();
    const auto [known, is_new] = urls.emplace(channel.name, channel.url);
    REQUIRE(known->second == channel.url);
    REQUIRE(starts(channel.url, "https://www.nexmark.com/"));
    const bool is_numbered = starts(channel.name, "channel-");
    hot += is_numbered ? 0 : 1;
    ++bids;
    if (!is_numbered) CHECK(channel.url.find("channel_id") == std::string::npos);
  }
  CHECK(std::abs(2 * hot - bids) < bids / 50);
  CHECK(urls.size() > 8000);
  CHECK(urls.count("Google") + urls.count("Facebook") + urls.count("Baidu") + urls.count("Apple") ==
        4);
}

TEST_CASE("the subtasks of the source read each event once, however many there are", "[nexmark]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  for (const std::uint32_t parallelism : {1U, 2U, 3U, 50U, 1300U}) {
    CAPTURE(parallelism);
    const SourceContext context{env, clock, parallelism};
    CHECK(hash_by_number(test::read_all(lines({.events = 1000}), context)) == kHashOf1000);
  }
  CHECK(test::read_all(lines({.events = 0}), {env, clock, 2}).empty());
}

TEST_CASE("a stretch of events is a part of all of them", "[nexmark]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 3};
  std::vector<Numbered> all;
  for (const auto& [first, events] : {std::pair{0, 17}, {17, 900}, {917, 83}}) {
    const auto part = test::read_all(lines({.first = first, .events = events}), context);
    CHECK(part.size() == static_cast<std::size_t>(events));
    all.insert(all.end(), part.begin(), part.end());
  }
  CHECK(hash_by_number(std::move(all)) == kHashOf1000);
}

TEST_CASE("the source goes on where its position says", "[nexmark]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 3};
  const auto source = lines({.events = 10'000});
  std::vector<Numbered> all;
  for (const Split& split : source.factory()->list(context).value()) {
    std::optional<Bytes> position;
    do {
      const auto run = test::read_split(source, split, position, context, 1000);
      REQUIRE(run.status.ok());
      all.insert(all.end(), run.records.begin(), run.records.end());
      position = run.position;
    } while (position);
  }
  CHECK(hash_by_number(std::move(all)) == kHashOf10000);
}

TEST_CASE("the source keeps a rate by the clock, over all its subtasks", "[nexmark]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 2};
  const auto source = lines({.first = 5, .events = 1'000'000, .rate = 1000});
  test::Collector<Numbered> out;
  auto host = source.factory()->make_host();
  host->connect(&out);
  for (const Split& split : source.factory()->list(context).value())
    REQUIRE(host->open(split, std::nullopt, context).ok());
  const auto poll_all = [&](std::size_t split) {
    while (true) {
      const Poll poll = host->poll(split);
      if (const auto* later = std::get_if<Later>(&poll)) return later->after;
    }
  };
  for (const std::size_t split : {0U, 1U}) {
    const Duration wait = poll_all(split);
    CHECK(wait >= 1ms);
    CHECK(wait <= 2ms);
  }
  CHECK(host->emitted() == 2);
  clock.now += 1s;
  poll_all(0);
  poll_all(1);
  CHECK(host->emitted() >= 1001);
  CHECK(host->emitted() <= 1003);
}

TEST_CASE("the source catches up with a schedule, whenever it begins", "[nexmark]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 1};
  const auto source =
      lines({.first = 5, .events = 1'000'000, .rate = 1000, .start = clock.monotonic() + 1s});
  const auto emitted_from_now_on = [&] {
    test::Collector<Numbered> out;
    auto host = source.factory()->make_host();
    host->connect(&out);
    REQUIRE(host->open(source.factory()->list(context).value()[0], std::nullopt, context).ok());
    while (!std::holds_alternative<Later>(host->poll(0))) {
    }
    return host->emitted();
  };
  CHECK(emitted_from_now_on() == 0);
  clock.now += 1s;
  CHECK(emitted_from_now_on() == 1);
  clock.now += 2s;
  CHECK(emitted_from_now_on() == 2001);
}
