// Makes parts of a cluster of real processes fail, again and again, and measures each time how long
// it takes until all subtasks of the sink write again: SIGKILL of a worker, with a spare slot
// elsewhere; a subtask that throws; SIGKILL of the leading coordinator, while another stands by.
// State is small: a thousand counts.
//
// The job restarts without a delay; by default it would wait for a second first.
//
// WEIR_BENCH_ZOOKEEPER=HOST:PORT adds a row for coordinators that agree by that ZooKeeper.
#include "base/text.hpp"
#include "bench/board.hpp"
#include "bench/cluster.hpp"
#include "bench/harness.hpp"
#include "runtime/cluster/cluster_options.hpp"
#include "runtime/ha/ha_options.hpp"

#include <weir/weir.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

using Count = std::pair<std::int64_t, std::int64_t>;

constexpr std::int64_t kKeys = 1'000;
constexpr std::size_t kSubtasks = 2;

/// What each subtask of the sink says of itself when it writes, and what it is asked for.
struct Outputs {
  struct Subtask {
    std::atomic<std::uint32_t> attempts;  // that have written
    std::atomic<pid_t> process;           // of the last one
    std::atomic<bool> must_fail;
  };
  std::array<Subtask, kSubtasks> subtasks;
};

using Board = bench::Board<Outputs>;

class AttemptWriter final : public weir::Writer<Count> {
public:
  AttemptWriter(std::uint32_t subtask, const std::string& board)
      : board_{board}, own_{board_->subtasks.at(subtask)} {}

  void write(const Count&) override {
    if (own_.must_fail.load(std::memory_order_relaxed) && own_.must_fail.exchange(false))
      throw std::runtime_error{"fails as it was asked to"};
    if (std::exchange(has_written_, true)) return;
    own_.process = ::getpid();
    ++own_.attempts;
  }

private:
  Board board_;
  Outputs::Subtask& own_;
  bool has_written_ = false;
};

weir::Job make_job(const std::string& directory) {
  weir::Job job{"worker-recovery", {.parallelism = kSubtasks}};
  job.options().checkpoint = {.every = 50ms, .storage = directory + "/checkpoints"};
  job.options().restart = weir::restart::fixed_delay({.attempts = 1'000, .delay = 0ms});
  constexpr std::int64_t kForEver = 1'000'000'000'000;
  constexpr double kPerSecond = 100'000;
  job.source("numbers", weir::generator::sequence(0, kForEver, {.rate = kPerSecond}))
      .key_by([](const std::int64_t& number) { return number % kKeys; })
      .count("counts")
      .sink("newest", weir::make_sink(
                          [board = directory + "/board"](const weir::WriterContext& context) {
                            return std::make_unique<AttemptWriter>(context.info.subtask, board);
                          },
                          weir::Delivery::repeatable));
  return job;
}

int run_role(int argc, char** argv) {
  std::string directory;
  weir::Flags flags{"Counts for ever."};
  flags.required("directory", &directory, "where its files go");
  return weir::main(
      flags, [&] { return make_job(directory); }, argc, argv);
}

/// A cluster with a spare slot that runs the job.
class Running {
public:
  explicit Running(const bench::Options& options, const std::vector<std::string>& store = {})
      : directory_{options},
        board_{directory_.path() + "/board"},
        cluster_{kSubtasks + 1, store},
        client_{cluster_.submit({"--directory", directory_.path()})} {
    wait_for_output();
  }

  /// Returns after how many milliseconds all write again.
  double kill_worker() {
    const std::size_t worker = cluster_.worker_of(next_victim().process);
    const double took = outage([&] { cluster_.worker(worker).signal(SIGKILL); });
    cluster_.replace_worker(worker);  // the next kill finds a spare slot as well
    return took;
  }
  double fail_subtask() {
    return outage([&] { next_victim().must_fail = true; });
  }
  double kill_leader() {
    const double took = outage([&] { cluster_.leader().signal(SIGKILL); });
    cluster_.replace_leader();
    return took;
  }

private:
  Outputs::Subtask& next_victim() { return board_->subtasks.at(victims_++ % kSubtasks); }

  /// Returns how many attempts have begun to write, of each subtask of the sink at least.
  std::uint32_t least_attempts() const {
    std::uint32_t least = UINT32_MAX;
    for (const auto& subtask : board_->subtasks) least = std::min(least, subtask.attempts.load());
    return least;
  }
  void wait_for_output() const {
    constexpr double kSecondsMax = 30;
    bench::wait_until([&] { return least_attempts() > 0; }, kSecondsMax,
                      "nothing came out of the job any more");
  }
  double outage(const std::function<void()>& harm) {
    cluster_.wait_for_new_log("checkpoint completed");
    for (auto& subtask : board_->subtasks) subtask.attempts = 0;
    const double at = bench::now();
    harm();
    wait_for_output();
    return (bench::now() - at) * 1e3;
  }

  bench::TemporaryDirectory directory_;
  Board board_;
  bench::Cluster cluster_;
  std::unique_ptr<weir::test::Child> client_;
  std::size_t victims_ = 0;
};

void print(const std::string& what, const bench::Figures& outages, double limit) {
  bench::print_limit(what, "ms", outages, {}, limit);
  bench::print_figure("  longest", "ms", {*std::max_element(outages.begin(), outages.end())});
}

std::string text_of(weir::Duration duration) {
  return weir::base::format_duration(duration);
}

void measure_job(const bench::Options& options) {
  Running running{options};
  const auto outages = bench::interleave(
      options.repetitions(15),
      {[&] { return running.kill_worker(); }, [&] { return running.fail_subtask(); }});
  const auto heartbeat = weir::runtime::ClusterOptions{}.heartbeat;
  print(fmt::format("kill a worker (beats every {}, lost after {})", text_of(heartbeat.interval),
                    text_of(heartbeat.timeout)),
        outages[0], 300);
  print("a subtask of a cluster fails", outages[1], 100);
}

void measure_leader(const bench::Options& options) {
  const bench::TemporaryDirectory leader{options};
  Running running{options,
                  {"--set", "high-availability.type=directory", "--set",
                   "high-availability.storageDir=" + leader.path()}};
  const auto outages =
      bench::interleave(options.repetitions(9), {[&] { return running.kill_leader(); }});
  const auto times = weir::runtime::election_times({});
  print(fmt::format("kill the coordinator (looked at every {})", text_of(times.heartbeat)),
        outages[0], 2000);
}

void measure_zookeeper(const bench::Options& options, const std::string& quorum) {
  Running running{options,
                  {"--set", "high-availability.type=zookeeper", "--set",
                   "high-availability.zookeeper.quorum=" + quorum}};
  const auto outages =
      bench::interleave(options.repetitions(5), {[&] { return running.kill_leader(); }});
  const weir::runtime::HaOptions defaults;
  bench::print_figure(fmt::format("the same with ZooKeeper (session of {})",
                                  text_of(defaults.zookeeper.session_timeout)),
                      "ms", outages[0]);
}

}  // namespace

int main(int argc, char** argv) {
  if (bench::is_role(argc, argv)) return run_role(argc, argv);
  const auto options = bench::read_options(
      argc, argv, "Makes parts of a cluster fail and measures how long nothing comes out.");
  measure_job(options);
  measure_leader(options);
  if (const char* quorum = std::getenv("WEIR_BENCH_ZOOKEEPER")) measure_zookeeper(options, quorum);
  return 0;
}
