// The queries as Beam asks them, and q6 and q13: against models that look at all events again for
// each row, and at the borders that the events of a few seconds do not come to.
#include "test/nexmark/goldens.hpp"
#include "test/support/count_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "examples/nexmark/q11.hpp"
#include "examples/nexmark/q13.hpp"
#include "examples/nexmark/q3.hpp"
#include "examples/nexmark/rounded.hpp"
#include "examples/nexmark/winning_bids.hpp"

using namespace std::chrono_literals;
using namespace weir;
using namespace nexmark;
using testing::Timed;

namespace {

constexpr std::int64_t kEvents = 20'000;  // two seconds

/// All that happens.
struct House {
  std::vector<Auction> auctions;
  std::vector<Bid> bids;

  static const House& of_all() {
    static const House house;
    return house;
  }

  House() {
    for (std::int64_t n = 0; n < kEvents; ++n) {
      const Event event{n};
      if (event.kind() == Kind::auction) auctions.push_back(event.auction());
      if (event.kind() == Kind::bid) bids.push_back(event.bid());
    }
  }

  std::vector<WinningBid> winners() const {
    std::vector<WinningBid> all;
    for (const Auction& auction : auctions) {
      const Bid* best = nullptr;
      for (const Bid& bid : bids) {
        if (bid.auction != auction.id || bid.price < auction.reserve) continue;
        if (bid.date_time >= auction.expires) continue;
        if (best == nullptr || bid.price > best->price) best = &bid;
      }
      if (best != nullptr) all.push_back({auction, *best});
    }
    return all;
  }
};

std::string line(const std::vector<std::int64_t>& fields) {
  std::string text;
  for (const std::int64_t field : fields)
    (text += text.empty() ? "" : ",") += std::to_string(field);
  return text;
}

std::int64_t ms(Timestamp time) {
  return time.time_since_epoch().count();
}

std::int64_t average(const std::vector<std::int64_t>& prices) {
  double sum = 0;
  for (const std::int64_t price : prices) sum += static_cast<double>(price);
  return std::llround(sum / static_cast<double>(prices.size()));
}

/// The rows that a job writes to "/out", sorted.
std::vector<std::string> rows_of(Job job) {
  job.options().parallelism = 2;
  testing::Cluster cluster{{.seed = 1}};
  auto run = cluster.start(job);
  test::require_finish(run);
  return test::Results::read(cluster.disk(), "/out").lines;
}

std::vector<std::string> rows_of(const std::string& query, bool is_beam) {
  return rows_of(job_of(
      query,
      {.input = {.events = kEvents}, .output = "/out", .is_final = true, .is_beam = is_beam}));
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

Timestamp at(Duration time) {
  return Timestamp{std::chrono::floor<std::chrono::milliseconds>(time)};
}

}  // namespace

TEST_CASE("nexmark: q4 of Beam averages the winning bids of windows", "[sim][nexmark]") {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> prices;
  for (const WinningBid& winner : House::of_all().winners())
    for (std::int64_t start = ms(Event{0}.time()) - 5000; start <= ms(Event{kEvents}.time());
         start += 5000) {
      const std::int64_t time = ms(winner.auction.expires) - 1;
      if (start <= time && time < start + 10'000)
        prices[{winner.auction.category, start}].push_back(winner.bid.price);
    }
  std::vector<std::string> expected;
  for (const auto& [window, all] : prices)
    expected.push_back(line({window.first, average(all), static_cast<std::int64_t>(all.size()),
                             window.second, window.second + 10'000}));
  CHECK(rows_of("q4", true) == sorted(expected));
}

TEST_CASE("nexmark: q6 averages the last ten winning bids of each seller", "[sim][nexmark]") {
  std::map<std::int64_t, std::vector<std::pair<Timestamp, std::int64_t>>> sales;
  for (const auto& [auction, bid] : House::of_all().winners())
    sales[auction.seller].push_back({bid.date_time, bid.price});
  std::vector<std::string> expected;
  bool is_one_cut = false;
  for (auto& [seller, all] : sales) {
    std::sort(all.rbegin(), all.rend());
    is_one_cut = is_one_cut || all.size() > 10;
    std::vector<std::int64_t> prices;
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 10); ++i)
      prices.push_back(all[i].second);
    expected.push_back(line({seller, average(prices)}));
  }
  REQUIRE(is_one_cut);
  CHECK(rows_of("q6", false) == sorted(expected));
}

TEST_CASE("nexmark: q9 of Beam has a row for each auction that is won", "[sim][nexmark]") {
  std::multiset<std::string> expected;
  for (const auto& [auction, bid] : House::of_all().winners())
    expected.insert(line({auction.id, bid.id}));
  std::multiset<std::string> found;
  test::Results results{
      .header =
          "id,item_name,description,initial_bid,reserve,date_time,expires,seller,category,"
          "extra,bid_id,auction,bidder,price,bid_date_time,bid_extra",
      .lines = rows_of("q9", true)};
  for (const std::string& row : results.lines)
    found.insert(results.field(row, "id") + ',' + results.field(row, "bid_id"));
  CHECK(found == expected);
}

TEST_CASE("nexmark: q13 finds the value of each bid", "[sim][nexmark]") {
  for (const bool is_beam : {false, true}) {
    CAPTURE(is_beam);
    std::vector<std::string> expected;
    for (const Bid& bid : House::of_all().bids)
      expected.push_back(line({bid.auction, bid.bidder, bid.price, ms(bid.date_time),
                               is_beam ? bid.bidder % 500 : bid.auction % 10'000}));
    CHECK(rows_of("q13", is_beam) == sorted(expected));
  }
}

TEST_CASE("nexmark: sessions whose gaps touch are one, and two in Beam", "[sim][nexmark]") {
  constexpr std::chrono::milliseconds kGap = 100ms;
  std::map<std::int64_t, std::vector<Timestamp>> times;
  for (const Bid& bid : House::of_all().bids) times[bid.bidder].push_back(bid.date_time);
  std::map<bool, std::size_t> rows;
  for (const bool apart : {false, true}) {
    CAPTURE(apart);
    std::multiset<std::string> expected;
    for (const auto& [bidder, all] : times) {  // ascending, as events are
      std::int64_t count = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        ++count;
        const bool is_last = i + 1 == all.size();
        if (!is_last && all[i + 1] - all[i] < kGap) continue;
        if (!is_last && all[i + 1] - all[i] == kGap && !apart) continue;
        expected.insert(line({bidder, std::exchange(count, 0)}));
      }
    }
    rows[apart] = expected.size();
    Job job{"sessions"};
    const auto timed = bids(job, {.input = {.events = kEvents}}, Detail::brief)
                           .event_time(&Bid::date_time, bounded_lag(kLag));
    sessions(timed, kGap, apart)
        .map("columns",
             [](const BidCount& count) {
               return std::pair{count.key, count.value};
             })
        .sink("out", files::csv<std::pair<std::int64_t, std::int64_t>>("/out", {.header = "b,n"}));
    const auto found = rows_of(job);
    CHECK(std::multiset<std::string>(found.begin(), found.end()) == expected);
  }
  CHECK(rows[false] < rows[true]);  // else nothing has touched
}

TEST_CASE("nexmark: a bid wins that is high enough and in time", "[nexmark]") {
  auto winners =
      testing::harness<Offer>([](const Stream<Offer>& offers) { return winning_bids(offers); });
  const auto bid = [&](std::int64_t id, Duration time, std::int64_t price) {
    winners.push(Bid{.id = id, .auction = 7, .price = price, .date_time = at(time)}, at(time));
  };
  const Auction auction{.id = 7, .reserve = 100, .date_time = at(10ms), .expires = at(20ms)};

  SECTION("the highest one, of equal ones the earliest") {
    winners.push(auction, at(10ms));
    for (const auto& [id, price] : {std::pair{1, 100}, {2, 150}, {3, 150}, {4, 120}})
      bid(id, 11ms, price);
    winners.watermark(at(18ms));
    CHECK(winners.drain().empty());
    winners.watermark(at(19ms));
    const std::vector<Timed<WinningBid>> found = winners.drain_timed();
    REQUIRE(found.size() == 1);
    CHECK(found[0].record.bid.id == 2);
    CHECK(found[0].record.auction.id == 7);
    CHECK(found[0].time == at(19ms));
  }
  SECTION("one that came before its auction") {
    bid(1, 9ms, 130);
    winners.push(auction, at(10ms));
    bid(2, 12ms, 120);
    winners.end();
    const auto found = winners.drain();
    REQUIRE(found.size() == 1);
    CHECK(found[0].bid.id == 1);
  }
  SECTION("the last millisecond is in time, the end is not") {
    winners.push(auction, at(10ms));
    bid(1, 19ms, 100);
    bid(2, 20ms, 200);
    winners.end();
    const auto found = winners.drain();
    REQUIRE(found.size() == 1);
    CHECK(found[0].bid.id == 1);
  }
  SECTION("none below the reserve") {
    winners.push(auction, at(10ms));
    bid(1, 11ms, 99);
    winners.end();
    CHECK(winners.drain().empty());
  }
  SECTION("none for an auction that has closed, and nothing is remembered of it") {
    winners.push(auction, at(10ms));
    bid(1, 11ms, 100);
    winners.watermark(at(30ms));
    CHECK(winners.drain().size() == 1);
    bid(2, 31ms, 200);
    bid(3, 40ms, 300);
    winners.watermark(at(31ms + 333ms));
    CHECK_FALSE(winners.snapshot().is_empty());
    winners.watermark(at(31ms + 334ms));
    CHECK(winners.snapshot().is_empty());
    CHECK(winners.drain().empty());
  }
}

TEST_CASE("nexmark: q3 forgets a seller after its patience", "[nexmark]") {
  const auto suggest = [](std::optional<std::chrono::seconds> patience) {
    return testing::harness<Party>(
        [patience](const Stream<Party>& parties) { return suggestions(parties, patience); });
  };
  const auto play = [](auto& joined) {
    const auto sell = [&joined](std::int64_t id, Duration time) {
      joined.push(Auction{.id = id, .date_time = at(time), .seller = 5}, at(time));
      joined.watermark(at(time));
    };
    joined.push(Person{.id = 5, .date_time = at(1s)}, at(1s));
    sell(1, 10min);  // begins the patience anew
    sell(2, 20min - 1ms);
    sell(3, 29min);
    joined.watermark(at(39min));
    sell(4, 40min);
    std::vector<std::int64_t> ids;
    for (const Suggestion& suggestion : joined.drain()) ids.push_back(suggestion.id);
    return ids;
  };
  auto beam = suggest(10min);
  CHECK(play(beam) == std::vector<std::int64_t>{1, 2, 3});
  beam.watermark(at(50min));
  CHECK(beam.snapshot().is_empty());
  auto sql = suggest(std::nullopt);
  CHECK(play(sql) == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("nexmark: bids wait for the whole table of q13", "[nexmark]") {
  auto found =
      testing::harness<Bid, SideRow>([](const Stream<Bid>& bids, const Stream<SideRow>& table) {
        return enriched(bids, table, {.rows = 2, .by = &Bid::bidder});
      });
  found.push_first({.bidder = 4});
  found.push_second({0, "even"});
  found.push_first({.bidder = 7});
  CHECK(found.drain().empty());
  found.push_second({1, "odd"});
  found.push_first({.bidder = 9});
  std::vector<std::string> values;
  for (const Enriched& bid : found.drain()) values.push_back(bid.value);
  CHECK(values == std::vector<std::string>{"even", "odd", "odd"});
}

TEST_CASE("nexmark: averages of Beam are rounded, halves up", "[nexmark]") {
  CHECK(rounded_average(7, 3) == 2);
  CHECK(rounded_average(5, 2) == 3);
  CHECK(rounded_average(8, 3) == 3);
  CHECK(rounded_average(6, 2) == 3);
}
