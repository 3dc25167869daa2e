// Jobs whose output depends on timers: whoever dies, whenever, each timer has fired exactly once.
#include "base/random.hpp"
#include "test/support/kill_matrix.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

constexpr int kKeys = 7;

/// A number, and how it came out: released by a processing timer, or passed by event time at the
/// end.
struct Row {
  int number;
  bool is_final;
  bool was_released;  // as its final row tells it
};

/// Holds numbers back until a processing timer releases them. Event timers say of each number at
/// the end what became of it.
class Pen final : public KeyedProcess<int, int, Row> {
public:
  void on_record(const int& n, Ctx& ctx, Emit<Row>&) override {
    held_.add(n);
    ctx.event_timers().at(time_of(n));
    ctx.event_timers().at(time_of(n));
    ctx.event_timers().at(time_of(n + kDecoy));
    ctx.event_timers().cancel(time_of(n + kDecoy));
    if (n % 3 == 0) {  // begins to wait anew
      if (const auto at = release_.get()) ctx.processing_timers().cancel(*at);
      release_.clear();
    }
    if (release_) return;
    release_.set(ctx.processing_time() + 15ms);
    ctx.processing_timers().at(*release_.get());
  }

  void on_timer(Timestamp at, Ctx& ctx, Emit<Row>& out) override {
    if (ctx.time_domain() == TimeDomain::event_time) {
      const auto n = static_cast<int>(at.time_since_epoch().count());
      out({n, true, released_.contains(n)});
      return;
    }
    if (release_.get() != at) throw std::runtime_error{"a timer fires that was taken back"};
    if (ctx.processing_time() <= at) throw std::runtime_error{"a timer fires too early"};
    release_.clear();
    for (const int n : std::vector<int>{held_.get()}) {
      released_.put(n, true);
      out({n, false, true});
    }
    held_.clear();
  }

private:
  static constexpr int kDecoy = 1'000'000;
  static Timestamp time_of(int n) { return Timestamp{std::chrono::milliseconds{n}}; }

  ListState<int> held_{*this, "held"};
  ValueState<Timestamp> release_{*this, "release"};
  MapState<int, bool> released_{*this, "released"};
};

/// numbers -> pen -> log. The pen is named as the victims of the kill matrix are.
struct PenJob {
  Job job(JobOptions options) const {
    if (options.parallelism == 1) options.parallelism = 2;
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    Job job{"pen", options};
    job.source("numbers", input.source())
        .key_by([](int n) { return n % kKeys; })
        .process<Pen>("counts")
        .sink("out", output.sink());
    return job;
  }

  /// Each number has one final row, and was released at most once, as that row tells it.
  void check_exactly_once() const {
    std::map<int, int> released;
    std::map<int, std::vector<int>> final_by_key;
    std::size_t told_released = 0;
    const std::vector<Row> rows = output.committed();
    for (const Row& row : rows) {
      if (!row.is_final)
        ++released[row.number];
      else
        final_by_key[row.number % kKeys].push_back(row.number);
    }
    std::size_t finals = 0;
    for (const auto& [key, numbers] : final_by_key) {
      CHECK(std::is_sorted(numbers.begin(), numbers.end()));
      CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
      finals += numbers.size();
    }
    CHECK(finals == input.rows().size());
    for (const auto& [number, times] : released) CHECK(times == 1);
    for (const Row& row : rows) {
      if (!row.is_final) continue;
      CHECK(row.was_released == released.contains(row.number));
      told_released += row.was_released ? 1 : 0;
    }
    CHECK(told_released == released.size());
    CHECK(released.size() > input.rows().size() / 2);  // timers did fire meanwhile
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<int> input{
      test::CountJob::numbers(600), 3, {.rows_per_poll = 5, .pause = 10ms}};
  testing::TransactionLog<Row> output;
};

StateOptions state_of(std::uint64_t seed) {
  if (seed % 2 != 0) return {};
  return {.backend = StateBackendType::rocksdb,
          .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = seed % 4 == 0 ? 0 : 1 << 20}};
}

JobOptions options_of(std::uint64_t seed, CheckpointOptions checkpoint = {}) {
  checkpoint.inline_threshold = seed % 3 == 0 ? 20'000 : 0;
  return {.checkpoint = std::move(checkpoint), .state = state_of(seed)};
}

}  // namespace

TEST_CASE("timers: whoever dies at whatever phase, each fires exactly once",
          "[sim][timers][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
      PenJob pen;
      auto run = cluster.start(pen.job(options_of(seed)));
      run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
      require_finish(run);
      CHECK(run.restarts() >= 1);
      pen.check_exactly_once();
      return figures_of(run);
    });
  });
}

TEST_CASE("timers: any kills, and messages lost, leave each firing exactly once",
          "[sim][timers][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 3 == 0 ? 0.1 : 0}};
    PenJob pen;
    auto run = cluster.start(pen.job(options_of(seed, {.every = 20ms})));
    const Figures figures = test::require_finish_under_random_kills(run, seed);
    pen.check_exactly_once();
    return figures;
  });
}

TEST_CASE("timers move between backends and parallelisms", "[sim][timers][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed}};
    PenJob pen;
    const auto build = [&] {
      JobOptions options = options_of(random.below(12), {.every = 10ms, .storage = "/checkpoints"});
      options.parallelism = 2 + static_cast<int>(random.below(3));
      return pen.job(options);
    };
    const Figures figures = test::require_finish_in_lives(cluster, random, build);
    pen.check_exactly_once();
    return figures;
  });
}

TEST_CASE("timers: a job that stops with a savepoint goes on from it", "[sim][timers]") {
  testing::Cluster cluster{{.seed = 5}};
  PenJob pen;
  auto run = cluster.start(pen.job(options_of(2, {.storage = "/checkpoints"})));
  REQUIRE(run.run_until_checkpoint(2));
  const auto savepoint = run.savepoint("/savepoints", StopMode::suspend);
  REQUIRE(savepoint.ok());
  CHECK_FALSE(run.finish());
  REQUIRE(run.has_ended());
  auto next =
      cluster.start(pen.job(options_of(1, {.storage = "/other"})), {.restore_path = *savepoint});
  require_finish(next);
  pen.check_exactly_once();
}

TEST_CASE("timers: one seed is one trace", "[sim][timers]") {
  std::vector<std::string> first;
  for (int i = 0; i < 2; ++i) {
    testing::Cluster cluster{{.seed = 9}};
    PenJob pen;
    auto run = cluster.start(pen.job(options_of(2, {.every = 20ms})));
    run.chaos("kill any at random 20/s seed 9 times 3");
    require_finish(run);
    if (i == 0) first = run.trace();
    CHECK(run.trace() == first);
  }
}
