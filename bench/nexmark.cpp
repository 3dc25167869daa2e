// Events of Nexmark by the second: made in a loop, as far as queries read them, and run through the
// first three queries as jobs.
//
// Ceiling of a query: one thread that makes what the query reads, and no more. All events count,
// also those that are not read, as is usual with Nexmark.
#include "bench/harness.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include "examples/nexmark/query.hpp"

namespace {

using nexmark::Detail;
using nexmark::Event;
using nexmark::Kind;

/// What a loop has made, looked at so that nothing can be left out.
struct Made {
  std::uint64_t bids = 0;
  std::uint64_t weight = 0;

  void add(const nexmark::Bid& bid) {
    ++bids;
    weight += static_cast<std::uint64_t>(bid.price + bid.auction + bid.bidder) + bid.extra.size();
  }
};

Made make_bids(std::int64_t events, Detail detail) {
  Made made;
  for (std::int64_t n = 0; n < events; ++n)
    if (const Event event{n}; event.kind() == Kind::bid) made.add(event.bid(detail));
  return made;
}

/// How many bids q2 picks.
std::uint64_t picked_bids(std::int64_t events) {
  std::uint64_t picked = 0;
  for (std::int64_t n = 0; n < events; ++n)
    if (const Event event{n}; event.kind() == Kind::bid)
      picked += event.bid(Detail::brief).auction % 123 == 0 ? 1 : 0;
  return picked;
}

Made make_all(std::int64_t events) {
  Made made;
  for (std::int64_t n = 0; n < events; ++n) {
    const Event event{n};
    switch (event.kind()) {
      case Kind::person: made.weight += event.person().extra.size(); break;
      case Kind::auction: made.weight += event.auction().extra.size(); break;
      case Kind::bid: made.add(event.bid()); break;
    }
  }
  return made;
}

/// Returns how many rows come out.
std::uint64_t run_query(const std::string& name, std::int64_t events) {
  std::atomic<std::uint64_t> rows = 0;
  bench::run(nexmark::job_of(name, {.input = {.events = events}, .thrown_away = &rows}));
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Makes events of Nexmark, and runs its first queries.");
  const std::int64_t events = options.sized<std::int64_t>(10'000'000, 100'000);
  const auto bids = static_cast<std::uint64_t>(events / 50 * 46);
  const auto measure = [events](auto work) {
    return [events, work] {
      return static_cast<double>(events) / 1e6 / bench::seconds([&] { work(); });
    };
  };
  const auto loop = [&](auto make) {
    return measure([=] {
      const Made made = make();
      bench::require(made.bids == bids && made.weight > bids, "not all bids were made");
    });
  };
  const auto query = [&](const std::string& name, std::uint64_t rows) {
    return measure([=] {
      bench::require(run_query(name, events) == rows, name + " has lost or repeated rows");
    });
  };
  const auto figures = bench::interleave(options.repetitions(5),
                                         {loop([=] { return make_bids(events, Detail::brief); }),
                                          loop([=] { return make_bids(events, Detail::full); }),
                                          loop([=] { return make_all(events); }), query("q0", bids),
                                          query("q1", bids), query("q2", picked_bids(events))});
  const std::string unit = "M events/s";
  bench::print_figure("Nexmark: bids without texts", unit, figures[0]);
  bench::print_figure("Nexmark: bids", unit, figures[1]);
  bench::print_figure("Nexmark: all events", unit, figures[2]);
  bench::print_figure("Nexmark q0, beside its bids alone", unit, figures[3], figures[1]);
  bench::print_figure("Nexmark q1, beside its bids alone", unit, figures[4], figures[1]);
  bench::print_figure("Nexmark q2, beside its bids alone", unit, figures[5], figures[0]);
}
