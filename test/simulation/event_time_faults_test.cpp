// Bad input of event time in whole jobs: times that are far off, strategies that go back, user code
// that throws wherever event time calls it. Each has a named outcome, and what is right comes out
// exactly.
#include "base/random.hpp"
#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

constexpr int kKeys = 5;
constexpr int kRows = 800;
constexpr std::int64_t kSize = 20;  // ms of a window
constexpr auto kLag = 10ms;

/// Click i is of key i mod kKeys, and happened i ms after the first one.
struct Click {
  int number;
  std::int64_t ms;  // since 1970

  int key() const { return number % kKeys; }
};

using Row = Windowed<int, std::int64_t>;

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}
Timestamp time_of(const Click& click) {
  return at(click.ms);
}

std::vector<Click> clicks_from(std::int64_t first_ms) {
  std::vector<Click> clicks;
  for (int i = 0; i < kRows; ++i) clicks.push_back({i, first_ms + i});
  return clicks;
}

/// What throws, three times at most, far from each other.
class Fuse {
public:
  void burn(const char* what) const {
    const int left = left_->fetch_sub(1);
    if (left > 0 && left % 40 == 0) throw std::runtime_error{what};
  }

private:
  std::shared_ptr<std::atomic<int>> left_ = std::make_shared<std::atomic<int>>(120);
};

/// numbers -> numbers-time -> counts -> log
struct TimedJob {
  explicit TimedJob(std::vector<Click> clicks) : input{std::move(clicks), 2, {5, 5ms}} {}

  template <class TimeOf, class G>
  auto by_key(Job& job, TimeOf time, const Watermarks<G>& watermarks) const {
    return job.source("numbers", input.source({.assignment = Assignment::spread}))
        .event_time(time, watermarks)
        .key_by(&Click::key);
  }
  auto by_key(Job& job) const { return by_key(job, time_of, bounded_lag(kLag)); }

  static Job make(StateBackendType backend = StateBackendType::hashmap) {
    JobOptions options{.parallelism = 2, .checkpoint = {.every = 20ms}};
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    options.state.backend = backend;
    options.watermark_interval = 5ms;
    return Job{"timed", options};
  }

  template <class Windows>
  void write(const Windows& windows) const {
    windows.late("late", late.sink()).count("counts").sink("out", output.sink());
  }

  /// Each click counts once in its window, or is late.
  void check() const {
    std::map<std::pair<int, std::int64_t>, std::int64_t> expected;  // by key and start
    const auto place_of = [](const Click& click) {
      const std::int64_t since = ((click.ms % kSize) + kSize) % kSize;
      return std::pair{click.key(), click.ms - since};
    };
    for (const Click& click : input.rows()) ++expected[place_of(click)];
    for (const Click& click : late.committed()) --expected[place_of(click)];
    for (const Row& row : output.committed()) {
      const auto found = expected.find({row.key, row.window.start.time_since_epoch().count()});
      REQUIRE(found != expected.end());
      REQUIRE(found->second == row.value);
      expected.erase(found);
    }
    for (const auto& [place, left] : expected) REQUIRE(left == 0);
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<Click> input;
  testing::TransactionLog<Row> output;
  testing::TransactionLog<Click> late;
};

/// Where user code may throw.
enum class Place {
  assigner,
  on_record,
  watermark,
  trigger,
  trigger_timer,
  evictor,
  function,
  timer
};

struct FaultyTime {
  Fuse fuse;
  bool throws;
  Timestamp operator()(const Click& click) const {
    if (throws) fuse.burn("no time");
    return time_of(click);
  }
};

struct FaultyStrategy {
  Fuse fuse;
  Place place;
  Timestamp latest = Timestamp::min();
  void on_record(const Click&, Timestamp time) {
    if (place == Place::on_record) fuse.burn("no record");
    latest = std::max(latest, time);
  }
  Timestamp watermark() const {
    if (place == Place::watermark) fuse.burn("no watermark");
    return latest == Timestamp::min() ? latest : latest - kLag;
  }
};

/// Fires at the end of the window.
struct FaultyTrigger {
  using State = std::tuple<>;
  Fuse fuse;
  Place place;
  TriggerResult on_record(const Click&, TriggerContext<State>& window) const {
    if (place == Place::trigger) fuse.burn("no trigger");
    window.at(window.window().last());
    return TriggerResult::wait;
  }
  TriggerResult on_event_time(Timestamp, TriggerContext<State>&) const {
    if (place == Place::trigger_timer) fuse.burn("no alarm");
    return TriggerResult::fire;
  }
};

struct FaultyEvictor {
  Fuse fuse;
  bool throws;
  void evict(std::vector<Stamped<Click>>&, const Window&) const {
    if (throws) fuse.burn("no eviction");
  }
};

/// Passes rows on when event time has come to the end of their windows, once more.
class FaultyTimer final : public KeyedProcess<int, Row, Row> {
public:
  FaultyTimer(Fuse fuse, bool throws) : fuse_{std::move(fuse)}, throws_{throws} {}
  void on_record(const Row& row, Ctx& ctx, Emit<Row>&) override {
    waiting_.put(row.window.end, row);
    ctx.event_timers().at(row.window.end);
  }
  void on_timer(Timestamp time, Ctx&, Emit<Row>& out) override {
    if (throws_) fuse_.burn("no timer");
    out(*waiting_.get(time));
    waiting_.remove(time);
  }

private:
  Fuse fuse_;
  bool throws_;
  MapState<Timestamp, Row> waiting_{*this, "waiting"};
};

Job faulty_job(const TimedJob& timed, Place place) {
  const Fuse fuse;
  Job job = TimedJob::make();
  timed
      .by_key(job, FaultyTime{fuse, place == Place::assigner},
              watermarks(FaultyStrategy{fuse, place}))
      .window(tumbling(std::chrono::milliseconds{kSize}))
      .late("late", timed.late.sink())
      .trigger(FaultyTrigger{fuse, place})
      .evictor(FaultyEvictor{fuse, place == Place::evictor})
      .process("counts",
               [fuse, place](int key, const Window& window, const std::vector<Click>& clicks,
                             Emit<Row>& out) {
                 if (place == Place::function) fuse.burn("no result");
                 out({key, window, static_cast<std::int64_t>(clicks.size())});
               })
      .key_by(&Row::key)
      .process<FaultyTimer>("held", fuse, place == Place::timer)
      .sink("out", timed.output.sink());
  return job;
}

}  // namespace

TEST_CASE("user code of event time that throws fails by name, and nothing is lost",
          "[sim][event_time]") {
  struct Fault {
    Place place;
    std::string said;
  };
  for (const auto& [place, said] :
       {Fault{Place::assigner, "operator \"numbers-time\": no time"},
        Fault{Place::on_record, "operator \"numbers-time\": no record"},
        Fault{Place::watermark, "operator \"numbers-time\": no watermark"},
        Fault{Place::trigger, "operator \"counts\": no trigger"},
        Fault{Place::trigger_timer, "operator \"counts\": no alarm"},
        Fault{Place::evictor, "operator \"counts\": no eviction"},
        Fault{Place::function, "operator \"counts\": no result"},
        Fault{Place::timer, "operator \"held\": no timer"}}) {
    CAPTURE(said);
    testing::Cluster cluster{{.seed = 5}};
    const TimedJob timed{clicks_from(0)};
    auto run = cluster.start(faulty_job(timed, place));
    require_finish(run);
    CHECK(run.restarts() == 3);
    CHECK(run.report().find(said) != std::string::npos);
    CHECK(timed.late.committed().empty());
    timed.check();
  }
}

TEST_CASE("a strategy that always throws ends the job when restarts are used up",
          "[sim][event_time]") {
  struct Broken {
    void on_record(const Click&, Timestamp) {}
    Timestamp watermark() const { throw std::runtime_error{"what time is it?"}; }
  };
  testing::Cluster cluster{{.seed = 5}};
  const TimedJob timed{clicks_from(0)};
  Job job = TimedJob::make();
  job.options().restart = restart::fixed_delay({.attempts = 2, .delay = 10ms});
  timed.write(timed.by_key(job, time_of, watermarks(Broken{})).window(tumbling(20ms)));
  auto run = cluster.start(job);
  CHECK_FALSE(run.finish());
  REQUIRE(run.has_ended());
  CHECK(run.restarts() == 2);
  CHECK(run.report().find("operator \"numbers-time\": what time is it? "
                          "(restart-strategy.fixed-delay.attempts = 2 are used up)") !=
        std::string::npos);
  CHECK(timed.output.committed().empty());
}

TEST_CASE("clicks before and after 1970 are the same, whoever dies", "[sim][event_time][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    const TimedJob timed{clicks_from(-kRows / 2)};
    Job job = TimedJob::make(seed % 3 == 0 ? StateBackendType::hashmap : StateBackendType::rocksdb);
    timed.write(timed.by_key(job).window(tumbling(20ms)));
    auto run = cluster.start(job);
    const test::Figures figures = test::require_finish_under_random_kills(run, seed);
    CHECK(timed.late.committed().empty());
    timed.check();
    return figures;
  });
}

namespace {

/// Says now and then that time has gone back, even to its beginning.
struct Wavering {
  Timestamp latest = Timestamp::min();
  int records = 0;
  void on_record(const Click&, Timestamp time) {
    latest = std::max(latest, time);
    ++records;
  }
  Timestamp watermark() const {
    if (latest == Timestamp::min() || records % 3 == 0) return Timestamp::min();
    return latest - kLag - (records % 3 == 1 ? 100ms : 0ms);
  }
};

}  // namespace

TEST_CASE("a strategy that goes back changes nothing, whoever dies", "[sim][event_time][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    const TimedJob timed{clicks_from(0)};
    Job job = TimedJob::make();
    timed.write(timed.by_key(job, time_of, watermarks(Wavering{})).window(tumbling(20ms)));
    auto run = cluster.start(job);
    const test::Figures figures = test::require_finish_under_random_kills(run, seed);
    CHECK(timed.late.committed().empty());
    timed.check();
    return figures;
  });
}

TEST_CASE("a time far ahead makes others late, or is held off by at_most_ahead",
          "[sim][event_time][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    std::vector<Click> clicks = clicks_from(0);
    for (const std::size_t broken : {200U, 201U})  // one in each partition
      clicks[broken].ms = Timestamp::max().time_since_epoch().count() - 1'000'000;
    for (const bool is_guarded : {false, true}) {
      CAPTURE(is_guarded);
      testing::Cluster cluster{{.seed = seed}};
      const TimedJob timed{clicks};
      Job job = TimedJob::make();
      const auto lag = bounded_lag(kLag);
      timed.write(timed.by_key(job, time_of, is_guarded ? lag.at_most_ahead(1h) : lag)
                      .window(tumbling(20ms)));
      auto run = cluster.start(job);
      const bool is_killed = seed % 2 == 0;
      if (is_killed)
        test::require_finish_under_random_kills(run, seed);
      else
        require_finish(run);
      // A restart may forget the time of a record that was read before it, so that less is late.
      if (is_guarded) CHECK(timed.late.committed().empty());
      if (!is_guarded && !is_killed) CHECK(timed.late.committed().size() > kRows / 2);
      timed.check();
    }
    return test::Figures{.plans = 2};
  });
}
