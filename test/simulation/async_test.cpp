// Jobs that ask a service about their records: whoever dies, whenever, and at whatever parallelism
// they go on, each record is passed on once, and on the right side of each watermark.
#include "base/random.hpp"
#include "test/support/barrier_modes.hpp"
#include "test/support/kill_matrix.hpp"
#include "test/support/simulated_service.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::Figures;
using test::figures_of;
using test::Manners;
using test::require_finish;
using test::SimulatedService;

namespace {

constexpr int kRows = 600;
constexpr int kPartitions = 4;
constexpr int kKeys = 7;
constexpr auto kDisorder = 20ms;
constexpr std::int64_t kWindow = 25;  // ms

struct Question {
  int number;
  std::int64_t ms;  // since 1970
};

struct Answer {
  int number;
  std::string text;

  friend auto operator<=>(const Answer&, const Answer&) = default;
};

Timestamp time_of(const Question& question) {
  return Timestamp{std::chrono::milliseconds{question.ms}};
}

Answer answer_to(const Question& question) {
  return {question.number, "answer to " + std::to_string(question.number)};
}

/// With odd seeds the first partition is far ahead of the others.
std::vector<Question> questions(std::uint64_t seed) {
  base::Random random{seed};
  std::vector<Question> all;
  for (int i = 0; i < kRows; ++i) {
    const std::int64_t lead = seed % 2 == 1 && i % kPartitions == 0 ? 300 : 0;
    const auto disorder = static_cast<std::int64_t>(random.below(kDisorder.count()));
    all.push_back({i, 100 + lead + i - disorder});
  }
  return all;
}

using Row = Windowed<int, std::int64_t>;

/// numbers -> numbers-time -> counts, which asks -> out
///                                              \-> windows of a few ms -> rows
struct AskingJob {
  AskingJob(std::uint64_t seed, const testing::Cluster& cluster, AsyncOptions o = {},
            Manners manners = {})
      : options{o},
        input{questions(seed), kPartitions, {5, 10ms}},
        service{cluster, seed, manners} {
    options.order = seed % 2 == 0 ? AsyncOrder::ordered : AsyncOrder::unordered;
    if (options.retry.attempts == 1) options.retry = {.attempts = 100, .pause = 2ms, .factor = 1.5};
  }

  Job job(JobOptions job_options) const {
    if (job_options.checkpoint.every == Duration{}) job_options.checkpoint.every = 20ms;
    job_options.checkpoint.tolerable_failures = 1000;
    job_options.watermark_interval = 3ms;
    if (!job_options.restart)
      job_options.restart = restart::fixed_delay({.attempts = 1000, .delay = 5ms});
    Job job{"asking", job_options};
    const auto source = job.source("numbers", input.source({.assignment = Assignment::spread}));
    const auto asked = source.event_time(time_of, bounded_lag(kDisorder));
    if (sources != 0) {
      source.parallelism(sources);
      asked.parallelism(sources);
    }
    const auto answers =
        (is_spread ? asked.rebalance() : asked)
            .async(
                "counts",
                [service = service](const Question& question, Reply<Answer> reply) {
                  service.ask(std::move(reply), answer_to(question));
                },
                options);
    answers.sink("out", output.sink());
    answers.key_by([](const Answer& answer) { return answer.number % kKeys; })
        .window(tumbling(std::chrono::milliseconds{kWindow}))
        .late("late", late.sink())
        .count("windows")
        .sink("rows", rows.sink());
    return job;
  }

  void check() const {
    std::vector<Answer> expected;
    std::map<std::pair<int, std::int64_t>, std::int64_t> counts;
    for (const Question& question : input.rows()) {
      expected.push_back(answer_to(question));
      ++counts[{question.number % kKeys, question.ms / kWindow}];
    }
    std::sort(expected.begin(), expected.end());
    std::vector<Answer> answers = output.committed();
    std::sort(answers.begin(), answers.end());
    CHECK(answers == expected);
    CHECK(late.committed().empty());
    std::map<std::pair<int, std::int64_t>, std::int64_t> found;
    for (const Row& row : rows.committed())
      found[{row.key, row.window.start.time_since_epoch().count() / kWindow}] += row.value;
    CHECK(found == counts);
    CHECK(rows.committed().size() == counts.size());
    CHECK(output.pending() + rows.pending() == 0);
  }

  AsyncOptions options;
  bool is_spread = false;
  int sources = 0;  // parallelism up to where it asks; 0: the job's
  testing::ReplayLog<Question> input;
  SimulatedService service;
  testing::TransactionLog<Answer> output;
  testing::TransactionLog<Answer> late;
  testing::TransactionLog<Row> rows;
};

JobOptions draw_options(base::Random& random) {
  const test::Mode mode = test::draw_mode(random);
  JobOptions options{.parallelism = 1 + static_cast<int>(random.below(4))};
  options.network = test::channels_of(mode.debloats);
  options.checkpoint.unaligned = mode.unaligned;
  options.checkpoint.aligned_timeout = mode.timeout;
  options.checkpoint.inline_threshold = random.chance(0.5) ? 20'000 : 0;
  return options;
}

}  // namespace

TEST_CASE("async: a job gets all its answers, and its windows wait for them", "[sim][async]") {
  for (const std::uint64_t seed : {1, 2}) {
    testing::Cluster cluster{{.seed = seed, .force_bytes = true}};
    const AskingJob asking{seed, cluster};
    auto run = cluster.start(asking.job({.parallelism = 2}));
    require_finish(run);
    asking.check();
    CHECK(run.restarts() == 0);
    CHECK(run.checkpoints() > 10);
    CHECK(asking.service.asked() > kRows + 40);  // some were asked again
  }
}

TEST_CASE("async: a slow service holds up the source, and not checkpoints that overtake",
          "[sim][async]") {
  testing::Cluster cluster{{.seed = 4}};
  AskingJob asking{4, cluster, {.capacity = 3}, {.slowest = 200ms, .fails = 0, .drops = 0}};
  asking.is_spread = true;
  JobOptions options{.parallelism = 2};
  options.checkpoint.unaligned = true;
  auto run = cluster.start(asking.job(options));
  require_finish(run);
  asking.check();
  CHECK(asking.service.open_max() == 6);  // of two subtasks
  CHECK(run.failed_checkpoints() == 0);
  CHECK(run.elapsed() > 5s);  // 600 answers took 90 ms each, six at a time
  CHECK(run.checkpoints() > 200);
}

TEST_CASE("async: ordered answers come in the order of the records", "[sim][async]") {
  testing::Cluster cluster{{.seed = 6}};
  const AskingJob asking{6, cluster};
  auto run = cluster.start(asking.job({.parallelism = 1}));
  require_finish(run);
  std::map<int, int> last;  // by partition
  for (const Answer& answer : asking.output.committed()) {
    const auto [at, is_first] = last.emplace(answer.number % kPartitions, answer.number);
    REQUIRE((is_first || at->second < answer.number));
    at->second = answer.number;
  }
}

TEST_CASE("async: whoever dies at whatever phase, each record is passed on once",
          "[sim][async][swarm]") {
  test::for_each_seed(4, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
      AskingJob asking{seed, cluster};
      base::Random random{seed};
      JobOptions options = draw_options(random);
      options.parallelism = 2;
      asking.is_spread = random.chance(0.5);
      auto run = cluster.start(asking.job(options));
      run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
      require_finish(run);
      CHECK(run.restarts() >= 1);
      asking.check();
      return figures_of(run);
    });
  });
}

TEST_CASE("async: any kills, and messages lost, leave the answers complete",
          "[sim][async][swarm]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 3 == 0 ? 0.1 : 0}};
    base::Random random{seed};
    AskingJob asking{seed, cluster, {.capacity = 1 + static_cast<int>(random.below(40))}};
    asking.is_spread = random.chance(0.5);
    auto run = cluster.start(asking.job(draw_options(random)));
    const Figures figures = test::require_finish_under_random_kills(run, seed);
    asking.check();
    return figures;
  });
}

TEST_CASE("async: requests go on at any parallelism, aligned and unaligned",
          "[sim][async][swarm]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    AskingJob asking{seed, cluster, {.capacity = 1 + static_cast<int>(random.below(40))}};
    asking.is_spread = random.chance(0.5);
    const auto build = [&] {
      JobOptions options = draw_options(random);
      options.checkpoint.every = 10ms;
      options.checkpoint.storage = "/checkpoints";
      asking.sources = static_cast<int>(random.below(4));
      return asking.job(options);
    };
    const Figures figures = test::require_finish_in_lives(cluster, random, build);
    asking.check();
    return figures;
  });
}

TEST_CASE("async: a savepoint holds what has not been answered; a drain waits for it",
          "[sim][async][savepoint]") {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    const AskingJob asking{seed, cluster, {}, {.slowest = 300ms}};
    JobOptions options{.parallelism = 2};
    options.checkpoint.storage = "/first";
    auto first = cluster.start(asking.job(options));
    first.run_for(60ms);
    const auto path = first.savepoint("/sp", StopMode::suspend);
    REQUIRE(path.ok());
    CHECK_FALSE(first.finish());
    const std::size_t before = asking.output.committed().size();
    CHECK(before < 60);  // of about 120 that have been read

    options.parallelism = 3;
    options.checkpoint.storage = "/second";
    auto second = cluster.start(asking.job(options), {.restore_path = *path});
    second.run_for(30ms);
    REQUIRE(second.savepoint("/sp", StopMode::drain).ok());
    require_finish(second);
    const auto answers = asking.output.committed();
    std::map<int, int> times;
    for (const Answer& answer : answers) ++times[answer.number];
    CHECK(times.size() == answers.size());
    // All that was read of each partition, from its beginning.
    std::map<int, int> read;
    for (const auto& [number, count] : times) ++read[number % kPartitions];
    for (const auto& [partition, count] : read) {
      for (int i = 0; i < count; ++i) REQUIRE(times.contains(partition + i * kPartitions));
    }
    CHECK(answers.size() > before + 60);
    CHECK(answers.size() < kRows);
  }
}

TEST_CASE("async: a request without an answer fails the job, and is named", "[sim][async]") {
  testing::Cluster cluster{{.seed = 5}};
  const auto failure_of = [&](AsyncOptions options, Manners manners) {
    const AskingJob asking{1, cluster, options, manners};
    JobOptions job_options{.parallelism = 1, .restart = restart::none()};
    job_options.checkpoint.storage = "/" + std::to_string(cluster.disk_changes());
    auto run = cluster.start(asking.job(job_options));
    CHECK_FALSE(run.finish());
    return run.report();
  };
  const AsyncOptions twice{.timeout = 1s, .retry = {.attempts = 2}};
  CHECK_THAT(failure_of(twice, {.slowest = 1h}),
             Catch::Contains("counts") &&
                 Catch::Contains("got no good answer before its timeout; let AsyncOptions::timeout "
                                 "be longer, or override AsyncProcess::on_timeout"));
  CHECK_THAT(failure_of(twice, {.at_once = 0, .fails = 1, .drops = 0}),
             Catch::Contains("a request has failed in attempt 2 of 2: the service is busy; answer "
                             "with no record"));
  CHECK_THAT(failure_of(twice, {.at_once = 0, .drops = 1}),
             Catch::Contains("it was dropped without an answer; keep a copy of the weir::Reply"));
}

TEST_CASE("async: equal seeds are equal traces, with a service", "[sim][async]") {
  const auto trace = [] {
    testing::Cluster cluster{{.seed = 9}};
    const AskingJob asking{9, cluster};
    auto run = cluster.start(asking.job({.parallelism = 2}));
    require_finish(run);
    return run.trace();
  };
  CHECK(trace() == trace());
}
