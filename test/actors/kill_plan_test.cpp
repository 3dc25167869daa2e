// Random kill plans on real threads and a real disk: whoever dies, whenever, the files are exactly
// right.
#include "actors/local_cluster.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "test/support/swarm.hpp"

#include <weir/files.hpp>
#include <weir/testing/replay_log.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>
#include <map>
#include <numeric>
#include <sstream>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::actors;

namespace {
namespace fs = std::filesystem;

constexpr int kRows = 6000;
constexpr int kKeys = 10;
constexpr std::int64_t kRowsOfKey = kRows / kKeys;

/// A folder that goes with its owner.
class Folder {
public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "weir-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

/// Counts the kills that it is told of.
class KillCounter final : public base::Logger {
public:
  void write(base::LogLevel, std::string_view message, Fields) override {
    if (message == "chaos kills") ++kills;
  }
  std::atomic<std::uint64_t> kills{0};
};

/// One plan: what the job is like and who dies when, all of it drawn from the seed.
class Plan {
public:
  explicit Plan(std::uint64_t seed)
      : random_{seed},
        emit_{random_.chance(0.7) ? EmitResults::updates : EmitResults::at_end},
        force_bytes_{random_.chance(0.3)},
        input_{rows(), 2 + random_.below(3), {.rows_per_poll = 20, .pause = 500us}} {}

  test::Figures run() {
    test::Figures figures{.plans = 1};
    for (std::uint64_t deaths = random_.below(3); deaths != 0; --deaths) {
      const auto cluster = start();
      // It dies as a whole when so many checkpoints have completed, or after its end.
      const std::uint64_t checkpoints = 2 + random_.below(4);
      std::uint64_t seen = 0;
      while (!cluster->view().outcome && cluster->view().checkpoints_completed < checkpoints)
        seen = cluster->wait_for_change(seen, 1h);
      figures += {.deaths = 1, .restarts = static_cast<std::uint64_t>(cluster->view().restarts)};
    }
    const auto cluster = start();
    const runtime::JobOutcome outcome = cluster->wait();
    INFO(outcome.reason);
    REQUIRE(outcome.kind == runtime::JobOutcome::Kind::finished);
    require_exact();
    REQUIRE(log_.kills > 0);
    figures +=
        {.kills = log_.kills, .restarts = static_cast<std::uint64_t>(cluster->view().restarts)};
    return figures;
  }

private:
  static std::vector<int> rows() {
    std::vector<int> all(kRows);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  /// Each process runs it at a parallelism of its own.
  Job job() {
    Job job{"count",
            {.parallelism = static_cast<int>(2 + random_.below(3)),
             .checkpoint = {.every = 5ms,
                            .storage = folder_ / "checkpoints",
                            .unaligned = random_.chance(0.5),
                            .aligned_timeout = random_.chance(0.5) ? 1ms : 0ms},
             .restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms})}};
    job.source("numbers", input_.source())
        .key_by([](int n) { return n % kKeys; })
        .count("counts", emit_)
        .rebalance()
        .sink("out", files::csv<std::pair<int, std::int64_t>>(folder_ / "out"));
    return job;
  }

  std::string random_victim() {
    const char* victims[] = {"numbers/0", "numbers/1",   "counts/0", "counts/1",
                             "out/0",     "coordinator", "node",     "any"};
    return victims[random_.below(std::size(victims))];
  }
  Phase random_phase() {
    const Phase phases[] = {Phase::triggered,    Phase::aligning,  Phase::snapshotted,
                            Phase::acknowledged, Phase::completed, Phase::committing};
    return phases[random_.below(std::size(phases))];
  }
  ChaosRule random_rule() {
    const std::string victim = random_victim();
    if (random_.chance(0.2)) return {victim, AfterRecords{1 + random_.below(kRows / 3)}};
    return {victim, AtCheckpoint{1 + random_.below(5), random_phase()}};
  }

  /// Starts the job, or lets it go on with what the last one has left.
  std::unique_ptr<LocalCluster> start() {
    // The first rule meets the first checkpoint, so that nobody's plan comes to nothing.
    std::vector<ChaosRule> rules{{random_victim(), AtCheckpoint{1, random_phase()}}};
    for (std::uint64_t n = random_.below(3); n != 0; --n) rules.push_back(random_rule());
    if (random_.chance(0.2))
      rules.push_back({"any", AtRandom{.per_second = 50, .seed = random_.next(), .times = 5}});
    auto hosted = host_job(job(),
                           {.restore = {.from = runtime::RestoreRequest::From::latest},
                            .run = "run" + std::to_string(++runs_),
                            .seed = random_.next(),
                            .force_bytes = force_bytes_},
                           Env::posix(), log_);
    INFO((hosted.ok() ? "" : hosted.status().message()));
    REQUIRE(hosted.ok());
    auto cluster =
        LocalCluster::start(std::move(hosted).value(), {.chaos = rules}, Env::posix(), log_);
    REQUIRE(cluster.ok());
    return std::move(cluster).value();
  }

  /// The files hold each count of each key once, or with `at_end` the last one, and nothing else is
  /// there.
  void require_exact() const {
    std::map<int, std::vector<std::int64_t>> found;
    for (const auto& entry : fs::directory_iterator{folder_ / "out"}) {
      CAPTURE(entry.path().string());
      REQUIRE(entry.path().filename().string().starts_with("part-"));
      std::istringstream lines{base::read_file(Env::posix(), entry.path().string()).value()};
      for (std::string line; std::getline(lines, line);) {
        REQUIRE_FALSE(lines.eof());  // the line ends with a newline
        found[std::stoi(line)].push_back(std::stoll(line.substr(line.find(',') + 1)));
      }
    }
    std::vector<std::int64_t> expected{kRowsOfKey};
    if (emit_ == EmitResults::updates) {
      expected.resize(static_cast<std::size_t>(kRowsOfKey));
      std::iota(expected.begin(), expected.end(), 1);
    }
    REQUIRE(found.size() == kKeys);
    for (auto& [key, counts] : found) {
      CAPTURE(key);
      std::sort(counts.begin(), counts.end());
      const bool is_exact = counts == expected;  // the numbers themselves would fill pages
      REQUIRE(is_exact);
    }
  }

  base::Random random_;
  Folder folder_;
  EmitResults emit_;
  bool force_bytes_;
  testing::ReplayLog<int> input_;
  KillCounter log_;
  int runs_ = 0;
};

}  // namespace

TEST_CASE("on real threads the committed files are right after any random kill plan",
          "[cluster][swarm]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    return Plan{seed}.run();
  });
}
