// The queries of Nexmark: events by the second, and at half of that load latencies.
//
// A query runs on one core and on two, with as many subtasks and actor threads, and all threads
// bound to as many cores. Ceiling: as many threads, bound likewise, that make what the query reads,
// and no more. All events count, also those that are not read, as is usual with Nexmark.
//
// A latency is the time from when an event was due until a row that it leads to is written, with
// checkpoints every second. Events are due at half of the rate that was just measured, whatever the
// job does: it cannot put off those that would have to wait. A row of a window or of a closed
// auction comes of the event that lets event time pass its end; event time is made every 5 ms. The
// source hands over what is due every millisecond, so that half a millisecond is its own. The first
// quarter of all events is not counted.
//
//   WEIR_BENCH_QUERIES='q5 q5-beam q13' scripts/bench nexmark     only those; "-beam": Beam's form
#include "bench/harness.hpp"
#include "bench/latency.hpp"
#include "bench/nexmark_reads.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "examples/nexmark/query.hpp"

namespace {

using namespace std::chrono_literals;
using bench::Reads;

/// Of which time a row is.
enum class Rows : std::uint8_t {
  of_events,  ///< of that of the event that it comes of
  of_ends,    ///< of the end that event time has passed
  of_clock,   ///< of the wall clock
};

struct Query {
  std::string name;
  Reads reads;
  Rows rows = Rows::of_events;
  bool is_beam = false;

  std::string title() const { return name + (is_beam ? "-beam" : ""); }
};

constexpr auto kBrief = Reads::Of::brief;
constexpr auto kFull = Reads::Of::full;

constexpr Reads kBids{.bids = kBrief};
constexpr Reads kWholeBids{.bids = kFull};
constexpr Reads kChannelBids{.bids = kBrief, .channels = true};
constexpr Reads kOffers{.auctions = kBrief, .bids = kBrief};
constexpr Reads kReserves{.auctions = kFull, .bids = kBrief};
constexpr Reads kWholeOffers{.auctions = kFull, .bids = kFull};
constexpr Reads kParties{.people = kBrief, .auctions = kBrief};
constexpr Reads kEverything{.people = kFull, .auctions = kFull, .bids = kFull, .channels = true};
constexpr Reads kPeopleAndReserves{.people = kBrief, .auctions = kFull};

const std::vector<Query>& queries() {
  static const std::vector<Query> all{
      {"q0", kWholeBids},
      {"q1", kWholeBids},
      {"q1", kWholeBids, Rows::of_events, true},
      {"q2", kBids},
      {"q3", kParties},
      {"q3", kParties, Rows::of_events, true},
      {"q4", kOffers},
      {"q4", kReserves, Rows::of_ends, true},
      {"q5", kBids, Rows::of_ends},
      {"q5", kBids, Rows::of_ends, true},
      {"q6", kReserves, Rows::of_ends},
      {"q7", kWholeBids, Rows::of_ends},
      {"q8", kParties, Rows::of_ends},
      {"q8", kPeopleAndReserves, Rows::of_ends, true},
      {"q9", kWholeOffers},
      {"q9", kWholeOffers, Rows::of_ends, true},
      {"q11", kBids, Rows::of_ends},
      {"q11", kBids, Rows::of_ends, true},
      {"q12", kBids, Rows::of_clock},
      {"q13", kBids},
      {"q13", kBids, Rows::of_events, true},
      {"q14", kWholeBids},
      {"q15", kBids},
      {"q16", kChannelBids},
      {"q17", kBids},
      {"q18", kWholeBids},
      {"q19", kWholeBids},
      {"q20", kWholeOffers},
      {"q21", kChannelBids},
      {"q22", kChannelBids},
      {"q23", kEverything},
  };
  return all;
}

/// Those that the environment asks for; else all that are not Beam's, or a few for a quick look.
std::vector<Query> chosen(const bench::Options& options) {
  const char* asked = std::getenv("WEIR_BENCH_QUERIES");
  if (asked == nullptr && options.quick) asked = "q0 q4 q5 q9-beam q13";
  std::vector<Query> result;
  if (asked == nullptr) {
    std::copy_if(queries().begin(), queries().end(), std::back_inserter(result),
                 [](const Query& query) { return !query.is_beam; });
    return result;
  }
  std::istringstream titles{asked};
  for (std::string title; titles >> title;) {
    const auto found = std::find_if(queries().begin(), queries().end(),
                                    [&](const Query& query) { return query.title() == title; });
    bench::require(found != queries().end(),
                   "WEIR_BENCH_QUERIES asks for \"" + title +
                       "\"; take queries such as q5, or q5-beam where Beam has a form of its own");
    result.push_back(*found);
  }
  return result;
}

// ---- cores -----------------------------------------------------------------------------------

cpu_set_t allowed_cores() {
  cpu_set_t cores;
  bench::require(::sched_getaffinity(0, sizeof cores, &cores) == 0, "the process has no cores");
  return cores;
}

/// Binds the thread, and those that it starts, to the first cores that it may use.
class Bound {
public:
  explicit Bound(int count) : before_{allowed_cores()} {
    cpu_set_t some;
    CPU_ZERO(&some);
    for (std::size_t core = 0; core < CPU_SETSIZE && CPU_COUNT(&some) < count; ++core)
      if (CPU_ISSET(core, &before_)) CPU_SET(core, &some);
    bench::require(::sched_setaffinity(0, sizeof some, &some) == 0, "cores cannot be chosen");
  }
  ~Bound() { ::sched_setaffinity(0, sizeof before_, &before_); }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;

private:
  cpu_set_t before_;
};

// ---- the bare loop ---------------------------------------------------------------------------

double make_in_loops(const Reads& reads, std::int64_t events, int cores) {
  const Bound bound{cores};
  std::vector<bench::Made> made(static_cast<std::size_t>(cores));
  return bench::seconds([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < cores; ++i)
      threads.emplace_back(
          [&, i] { made[static_cast<std::size_t>(i)] = bench::make(reads, i, cores, events); });
    for (std::thread& thread : threads) thread.join();
    for (const bench::Made& one : made) bench::require(one.weight != 0, "nothing was made");
  });
}

// ---- Weir ------------------------------------------------------------------------------------

/// When events are due, and what is counted.
struct Schedule {
  weir::Duration start{};
  double rate = 0;  // events a second
  std::int64_t events = 0;
  weir::Duration passes_after{};  // so much event time behind a row's own, it may be written

  /// How long ago the event was due that a row comes of; nothing if it is not counted.
  std::optional<weir::Duration> since_due(weir::Timestamp row, weir::Duration now) const {
    if (row < nexmark::Event{0}.time()) return std::nullopt;  // it has no time
    static const std::int64_t per_ms = events_per_ms();
    const auto offset = std::chrono::floor<std::chrono::milliseconds>(
        row - nexmark::Event{0}.time() + passes_after);
    const std::int64_t event = offset.count() * per_ms;  // the first one of that time
    if (event < events / 4 || event >= events) return std::nullopt;
    const std::chrono::duration<double> due{static_cast<double>(event) / rate};
    return now - start - std::chrono::duration_cast<weir::Duration>(due);
  }

private:
  static std::int64_t events_per_ms() {
    std::int64_t n = 0;
    while (nexmark::Event{n}.time() == nexmark::Event{0}.time()) ++n;
    return n;
  }
};

/// What all subtasks of a sink have seen.
struct Seen {
  std::mutex mutex = {};
  std::uint64_t rows = 0;
  bench::Latencies latencies = {};
};

class Counter final : public nexmark::Audience {
public:
  explicit Counter(Seen& seen) : seen_{seen} {}
  void see(std::size_t rows, std::span<const weir::Timestamp>) override { rows_ += rows; }
  void pause() override {
    const std::lock_guard lock{seen_.mutex};
    seen_.rows += std::exchange(rows_, 0);
  }

private:
  Seen& seen_;
  std::uint64_t rows_ = 0;  // not yet among them
};

class StopWatch final : public nexmark::Audience {
public:
  StopWatch(Seen& seen, const Schedule& schedule) : seen_{seen}, schedule_{schedule} {}
  void see(std::size_t rows, std::span<const weir::Timestamp> times) override {
    bench::require(times.size() == rows, "there are rows without a time");
    const weir::Duration now = weir::Clock::system().monotonic();
    for (const weir::Timestamp time : times)
      if (const auto latency = schedule_.since_due(time, now))
        latencies_.add(static_cast<std::uint64_t>(std::max(*latency, 0ns) / 1ns));
  }
  void pause() override {
    const std::lock_guard lock{seen_.mutex};
    seen_.latencies.add(std::exchange(latencies_, {}));
  }

private:
  Seen& seen_;
  Schedule schedule_;
  bench::Latencies latencies_;  // not yet among them
};

void run(const Query& query, nexmark::Settings settings, weir::JobOptions options, int cores) {
  settings.is_beam = query.is_beam;
  options.parallelism = cores;
  weir::Job job = nexmark::job_of(query.name, settings);
  job.options() = options;
  const Bound bound{cores};
  bench::run(job, {.threads = cores});
}

/// Returns the seconds that it takes.
double run_at_full_speed(const Query& query, std::int64_t events, int cores) {
  Seen seen;
  const double seconds = bench::seconds([&] {
    run(query,
        {.input = {.events = events}, .audience = [&] { return std::make_unique<Counter>(seen); }},
        {}, cores);
  });
  bench::require(seen.rows > 0 || query.rows == Rows::of_clock, query.title() + " has no rows");
  return seconds;
}

/// `rate` is in events a second.
bench::Latencies run_at_rate(const Query& query, const bench::Options& options, double rate,
                             int cores) {
  constexpr double kSeconds = 4;
  constexpr auto kDeployed = 200ms;  // until then all subtasks are there
  const bench::TemporaryDirectory checkpoints{options};
  Schedule schedule{
      .start = weir::Clock::system().monotonic() + kDeployed,
      .rate = rate,
      .events = std::max<std::int64_t>(
          options.sized(static_cast<std::int64_t>(kSeconds * rate), std::int64_t{0}), 200'000)};
  if (query.rows == Rows::of_ends) schedule.passes_after = nexmark::kLag + 1ms;
  Seen seen;
  run(query,
      {.input = {.events = schedule.events, .rate = rate, .start = schedule.start},
       .audience = [&] { return std::make_unique<StopWatch>(seen, schedule); },
       .is_timed = true},
      {.checkpoint = {.every = 1s, .storage = checkpoints.path()}, .watermark_interval = 5ms},
      cores);
  return seen.latencies;
}

// ---- what is measured ------------------------------------------------------------------------

void print_latencies(const std::string& what, const bench::Latencies& latencies, double rate) {
  bench::Figures figures;
  for (const double share : {0.5, 0.99, 0.999}) figures.push_back(latencies.quantile(share) / 1e6);
  bench::print_figures(fmt::format("{}, {:.2f} M/s: p50/p99/p99.9", what, rate / 1e6), "ms",
                       figures, latencies.count());
}

void measure(const Query& query, const bench::Options& options, int cores) {
  const auto events = options.sized<std::int64_t>(2'000'000, 200'000);
  const auto speed = [events](double seconds) {
    return static_cast<double>(events) / 1e6 / seconds;
  };
  const auto figures = bench::interleave(
      options.repetitions(3), {[&] { return speed(run_at_full_speed(query, events, cores)); },
                               [&] { return speed(make_in_loops(query.reads, events, cores)); }});
  const std::string what =
      fmt::format("Nexmark {}, {} core{}", query.title(), cores, cores == 1 ? "" : "s");
  bench::print_ratio(what, "M events/s", figures[0], figures[1], std::nullopt);
  if (query.rows == Rows::of_clock) return;
  const double half = bench::median(figures[0]) * 1e6 / 2;
  print_latencies(what, run_at_rate(query, options, half, cores), half);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(
      argc, argv, "Runs the queries of Nexmark, or those that WEIR_BENCH_QUERIES names.");
  const cpu_set_t cores = allowed_cores();
  for (const Query& query : chosen(options))
    for (int count = 1; count <= std::min(2, CPU_COUNT(&cores)); ++count)
      measure(query, options, count);
}
