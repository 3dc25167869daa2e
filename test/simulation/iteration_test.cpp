// Jobs whose records go round: whoever dies, whenever, and at whatever parallelism the job goes on,
// each record goes each round once.
#include "base/random.hpp"
#include "test/support/barrier_modes.hpp"
#include "test/support/count_job.hpp"
#include "test/support/kill_rules.hpp"
#include "test/support/run_log.hpp"
#include "test/support/sim_figures.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "examples/collatz/collatz.hpp"
#include "examples/components/components.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::Figures;
using test::figures_of;
using test::Mode;
using test::require_finish;

namespace {

constexpr std::int64_t kLast = 200;
constexpr Duration kTimeout = 1s;  // of a checkpoint: many times what the longest takes
using Steps = std::pair<std::int64_t, std::int64_t>;

std::vector<std::int64_t> numbers() {
  std::vector<std::int64_t> all(kLast);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

/// A number on its way to 1, and how often its key says that it was there.
struct Counted {
  collatz::Walk walk = {};
  std::int64_t visits = 0;
};

/// Goes a step, and counts it in state.
class Visit final : public KeyedProcess<std::int64_t, Counted, Counted> {
public:
  void on_record(const Counted& counted, Ctx&, Emit<Counted>& out) override {
    const std::int64_t visits = visits_.value_or(0) + 1;
    visits_.set(visits);
    out({counted.walk.at == 1 ? counted.walk : collatz::step(counted.walk), visits});
  }

private:
  ValueState<std::int64_t> visits_{*this, "visits"};
};

/// How records go round.
enum class Circuit { chained, keyed, wider };

/// Numbers on their way to 1, with an oracle.
struct WalkJob {
  explicit WalkJob(Circuit c) : circuit{c} {}

  Job job(JobOptions options) const {
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms});
    options.checkpoint.every = 2ms;
    options.checkpoint.timeout = kTimeout;
    options.checkpoint.tolerable_failures = 1000;
    options.checkpoint.storage = "/checkpoints";
    Job job{"walks", options};
    const auto source = job.source("numbers", input.source());
    if (circuit == Circuit::chained) {
      collatz::steps_of(source).sink("out", output.sink());
      return job;
    }
    const int parallelism = circuit == Circuit::wider ? options.parallelism + 1 : 0;
    source.map("begin",
               [](std::int64_t n) {
                 return Counted{{n, n, 0}, 0};
               })
        .iterate("walks",
                 [parallelism](const Stream<Counted>& walks) {
                   const auto next = walks.key_by([](const Counted& c) { return c.walk.start; })
                                         .process<Visit>("counts")
                                         .parallelism(parallelism);
                   return Round<Counted, Counted>{
                       .again = next.filter("far", [](const Counted& c) { return c.walk.at != 1; }),
                       .out = next.filter("home", [](const Counted& c) { return c.walk.at == 1; })};
                 })
        .map("results",
             [](const Counted& c) {
               // 1 is at home before its first step.
               const bool is_exact = c.visits == std::max<std::int64_t>(c.walk.steps, 1);
               return Steps{c.walk.start, is_exact ? c.walk.steps : -1};
             })
        .sink("out", output.sink());
    return job;
  }

  /// Each number once, with the steps that it takes.
  void check() const {
    std::map<std::int64_t, std::int64_t> seen;
    for (const auto& [number, steps] : output.committed()) {
      CAPTURE(number);
      REQUIRE(seen.emplace(number, steps).second);
    }
    REQUIRE(seen.size() == static_cast<std::size_t>(kLast));
    for (const auto& [number, steps] : seen) {
      CAPTURE(number);
      collatz::Walk walk{number, number, 0};
      while (walk.at != 1) walk = collatz::step(walk);
      REQUIRE(steps == walk.steps);
    }
    CHECK(output.pending() == 0);
  }

  Circuit circuit;
  testing::ReplayLog<std::int64_t> input{numbers(), 3, {.rows_per_poll = 3, .pause = 100us}};
  testing::TransactionLog<Steps> output;
};

JobOptions options_of(const Mode& mode, int parallelism, base::Random& random) {
  return {.parallelism = parallelism,
          .checkpoint = {.inline_threshold = random.chance(0.5) ? 0 : 20'000,
                         .unaligned = mode.unaligned,
                         .aligned_timeout = mode.timeout},
          .network = test::channels_of(mode.debloats)};
}

std::string draw_rule(base::Random& random, Circuit circuit) {
  const std::string inner = circuit == Circuit::chained ? "walks/0" : "counts/0";
  return test::draw_kill(random, {"numbers/0", "walks/0", inner, "coordinator", "node", "any"},
                         {.checkpoints = 12, .records = 500, .by_records = 0.3});
}

/// A job that dies in parts and as a whole, is stopped behind a savepoint, and goes on at another
/// parallelism. Returns how many bytes its checkpoints held of what went round.
std::uint64_t run_plan(std::uint64_t seed, Circuit circuit, Figures& figures) {
  base::Random random{seed * 4 + static_cast<std::uint64_t>(circuit)};
  const bool is_disturbed = random.chance(0.2);
  testing::Cluster cluster{{.seed = random.next(),
                            .force_bytes = random.chance(0.3),
                            .disturbed_messages = is_disturbed ? 0.05 : 0.0}};
  const WalkJob walks{circuit};
  const Mode mode = test::draw_mode(random);
  int parallelism = 1 + static_cast<int>(random.below(3));
  CAPTURE(seed, static_cast<int>(circuit), mode.unaligned, mode.timeout.count(), parallelism);
  INFO("repeat with WEIR_SEED=" << seed << " build/release/bin/simulation_test \"[iteration]\"");
  std::uint64_t recorded = 0;
  auto run = cluster.start(walks.job(options_of(mode, parallelism, random)));
  for (std::uint64_t n = random.below(4); n != 0; --n) run.chaos(draw_rule(random, circuit));
  for (std::uint64_t lives = 1 + random.below(3); lives != 0; --lives) {
    run.run_for(std::chrono::microseconds{1000 + random.below(12'000)});
    if (run.has_ended()) break;
    recorded += test::overtaken_bytes(cluster.disk(), "/checkpoints/walks");
    std::string savepoint;
    if (random.chance(0.3)) {
      const auto path = run.savepoint("/savepoints", StopMode::suspend);
      if (path.ok()) savepoint = *path;
    }
    figures += test::figures_of_crashed(run);
    run.crash();  // also one that has ended may hold its lock for a moment
    parallelism = 1 + static_cast<int>(random.below(3));
    CAPTURE(parallelism, savepoint);
    const Job next = walks.job(options_of(mode, parallelism, random));
    run = savepoint.empty() ? cluster.start(next, {.restore_latest = true})
                            : cluster.start(next, {.restore_path = savepoint});
    run.chaos(draw_rule(random, circuit));
  }
  require_finish(run);
  // Barriers come round, unless a message is lost.
  if (!is_disturbed) CHECK_FALSE(test::has_logged(run, "it took longer than"));
  walks.check();
  figures += figures_of(run);
  return recorded;
}

void require_exact(Circuit circuit) {
  std::uint64_t recorded = 0;
  test::for_each_seed(60, [&](std::uint64_t seed) {
    Figures figures;
    recorded += run_plan(seed, circuit, figures);
    return figures;
  });
  // Otherwise nothing has been tried.
  if (std::getenv("WEIR_SEED") == nullptr) CHECK(recorded > 0);
}

}  // namespace

TEST_CASE("records go each round once: within one chain", "[sim][swarm][iteration]") {
  require_exact(Circuit::chained);
}

TEST_CASE("records go each round once: by key", "[sim][swarm][iteration]") {
  require_exact(Circuit::keyed);
}

TEST_CASE("records go each round once: by way of more subtasks", "[sim][swarm][iteration]") {
  require_exact(Circuit::wider);
}

TEST_CASE("T73 records of a loop are restored with their round", "[sim][iteration]") {
  testing::Cluster cluster{{.seed = 3}};
  const WalkJob walks{Circuit::keyed};
  base::Random random{1};
  auto run = cluster.start(walks.job(options_of({.unaligned = false}, 2, random)));
  REQUIRE(run.run_until_checkpoint(3));
  run.crash();
  CHECK(test::overtaken_bytes(cluster.disk(), "/checkpoints/walks") > 0);
  run = cluster.start(walks.job(options_of({.unaligned = false}, 2, random)),
                      {.restore_latest = true});
  require_finish(run);
  walks.check();
}

TEST_CASE("a savepoint of an iteration and its checkpoints wait for each other",
          "[sim][iteration]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    const WalkJob walks{Circuit::keyed};
    base::Random random{seed};
    auto run = cluster.start(walks.job(options_of({.unaligned = false}, 2, random)));
    REQUIRE(run.run_until_checkpoint(1));
    for (int i = 0; i < 4 && !run.has_ended(); ++i) {
      run.run_for(std::chrono::microseconds{random.below(3000)});
      const auto path = run.savepoint("/savepoints/" + std::to_string(i));
      INFO(path.status().message());
      CHECK((path.ok() || run.has_ended()));
    }
    require_finish(run);
    CHECK(run.failed_checkpoints() == 0);
    walks.check();
  }
}

TEST_CASE("T74 a cycle with full channels neither hangs nor fills memory: it fails by name",
          "[sim][iteration]") {
  testing::Cluster cluster{{.seed = 5}};
  testing::TransactionLog<int> output;
  testing::ReplayLog<int> input{{1, 2, 3, 4, 5}};
  Job job{"flood",
          {.parallelism = 2, .network = {.batches_per_channel = 2, .batches_per_iteration = 200}}};
  job.source("numbers", input.source()).iterate("flood", [&output](const Stream<int>& in) {
    const auto more = in.rebalance().flat_map("more", [](int n, Emit<int>& out) {
      for (int i = 0; i < 3; ++i) out(n);
    });
    more.filter("none", [](int) { return false; }).sink("out", output.sink());
    return more;
  });
  auto run = cluster.start(job);
  CHECK_FALSE(run.finish(10s));
  REQUIRE(run.has_ended());
  CHECK(test::has_logged(run, "more than 200 batches wait for their next round in the iteration"));
}

TEST_CASE("an operator that emits at its end cannot feed that back", "[sim][iteration]") {
  testing::Cluster cluster{{.seed = 6}};
  testing::TransactionLog<int> output;
  testing::ReplayLog<int> input{{1, 2, 3}};
  Job job{"late"};
  job.source("numbers", input.source()).iterate("loop", [&output](const Stream<int>& in) {
    const auto counts =
        in.key_by(std::identity{})
            .count("counts", EmitResults::at_end)
            .map("key", [](const std::pair<int, std::int64_t>& c) { return c.first; });
    counts.sink("out", output.sink());
    return counts;
  });
  auto run = cluster.start(job);
  CHECK_FALSE(run.finish(10s));
  CHECK(test::has_logged(run, "after its end: an operator in it emits at the end of its input"));
}

namespace {

/// The smallest vertex of each component, by union-find.
std::map<components::Vertex, components::Vertex> components_of(
    const std::vector<std::pair<int, int>>& edges) {
  std::map<components::Vertex, components::Vertex> parent;
  const auto find = [&](components::Vertex v) {
    parent.emplace(v, v);
    while (parent[v] != v) v = parent[v];
    return v;
  };
  for (const auto& [a, b] : edges) {
    const auto x = find(static_cast<components::Vertex>(a));
    const auto y = find(static_cast<components::Vertex>(b));
    parent[std::max(x, y)] = std::min(x, y);
  }
  std::map<components::Vertex, components::Vertex> smallest;
  for (const auto& [vertex, above] : parent) smallest[vertex] = find(vertex);
  return smallest;
}

Figures find_components(std::uint64_t seed) {
  CAPTURE(seed);
  INFO("repeat with WEIR_SEED=" << seed << " build/release/bin/simulation_test \"components*\"");
  base::Random random{seed};
  testing::Cluster cluster{{.seed = random.next(), .force_bytes = random.chance(0.3)}};
  std::vector<std::pair<int, int>> edges;
  std::vector<std::string> lines;
  const std::uint64_t vertices = 20 + random.below(200);
  for (std::uint64_t n = vertices * 9 / 10; n != 0; --n) {
    edges.emplace_back(random.below(vertices), random.below(vertices));
    lines.push_back(std::to_string(edges.back().first) + "," + std::to_string(edges.back().second));
  }
  const testing::ReplayLog<std::string> input{lines, 2, {.rows_per_poll = 2, .pause = 100us}};
  const testing::TransactionLog<components::Label> output;
  const Mode mode = test::draw_mode(random);
  const auto build = [&] {
    JobOptions options = options_of(mode, 1 + static_cast<int>(random.below(3)), random);
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms});
    options.checkpoint.every = 2ms;
    options.checkpoint.tolerable_failures = 1000;
    options.checkpoint.storage = "/checkpoints";
    Job job{"components", options};
    components::labels_of(job.source("lines", input.source()))
        .map("labels",
             [](const auto& found) {
               return components::Label{found.to, found.value};
             })
        .sink("out", output.sink());
    return job;
  };
  auto run = cluster.start(build());
  run.chaos("kill any after " + std::to_string(1 + random.below(300)) + " records");
  run.chaos("kill vertices/0 at checkpoint 2 snapshotted");
  run.run_for(std::chrono::microseconds{500 + random.below(6000)});
  Figures figures;
  if (!run.has_ended()) {
    figures += test::figures_of_crashed(run);
    run.crash();
    run = cluster.start(build(), {.restore_latest = true});
  }
  require_finish(run);
  std::map<components::Vertex, components::Vertex> found;
  std::set<components::Label> reported;
  for (const components::Label& label : output.committed()) {
    REQUIRE(reported.insert(label).second);  // each label is found once
    const auto at = found.emplace(label).first;
    at->second = std::min(at->second, label.second);
  }
  CHECK(found == components_of(edges));
  figures += figures_of(run);
  return figures;
}

}  // namespace

TEST_CASE("components of random graphs are those of union-find, whoever dies",
          "[sim][swarm][iteration]") {
  test::for_each_seed(60, find_components);
}
