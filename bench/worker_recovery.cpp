// Kills the process of a worker again and again, by SIGKILL, and measures each time how long it
// takes until all subtasks of the sink write again, on a spare slot. State is small: a thousand
// counts.
//
// The job restarts without a delay; by default it would wait for a second first.
#include "base/text.hpp"
#include "bench/board.hpp"
#include "bench/cluster.hpp"
#include "bench/harness.hpp"
#include "runtime/cluster/cluster_options.hpp"

#include <weir/weir.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

using Count = std::pair<std::int64_t, std::int64_t>;

constexpr std::int64_t kKeys = 1'000;
constexpr std::size_t kSubtasks = 2;

/// What each subtask of the sink says of itself when it writes.
struct Outputs {
  struct Subtask {
    std::atomic<std::uint32_t> attempt;
    std::atomic<pid_t> process;
  };
  std::array<Subtask, kSubtasks> subtasks;
};

using Board = bench::Board<Outputs>;

class AttemptWriter final : public weir::Writer<Count> {
public:
  AttemptWriter(const weir::OperatorInfo& info, const std::string& board)
      : board_{board}, own_{board_->subtasks.at(info.subtask)}, attempt_{info.attempt} {}

  void write(const Count&) override {
    if (std::exchange(has_written_, true)) return;
    own_.process = ::getpid();
    own_.attempt = attempt_;
  }

private:
  Board board_;
  Outputs::Subtask& own_;
  std::uint32_t attempt_;
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
                            return std::make_unique<AttemptWriter>(context.info, board);
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

/// Returns the oldest attempt that any subtask of the sink is in.
std::uint32_t oldest_attempt(const Board& board) {
  std::uint32_t oldest = UINT32_MAX;
  for (const auto& subtask : board->subtasks) oldest = std::min(oldest, subtask.attempt.load());
  return oldest;
}

/// Kills the worker of one subtask; returns after how many milliseconds all write again.
double kill_worker(bench::Cluster& cluster, const Board& board, std::size_t subtask) {
  constexpr double kSecondsMax = 20;
  cluster.wait_for_log("checkpoint completed");
  const std::uint32_t before = oldest_attempt(board);
  const std::size_t worker = cluster.worker_of(board->subtasks.at(subtask).process);
  const double at = bench::now();
  cluster.worker(worker).signal(SIGKILL);
  bench::wait_until([&] { return oldest_attempt(board) > before; }, kSecondsMax,
                    "nothing came out of the job any more");
  const double took = bench::now() - at;
  cluster.wait_for_log("restoring");
  cluster.replace_worker(worker);  // the next kill finds a spare slot as well
  return took * 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  if (bench::is_role(argc, argv)) return run_role(argc, argv);
  const auto options = bench::read_options(
      argc, argv, "Kills a worker and measures how long nothing comes out of the job.");
  const bench::TemporaryDirectory directory{options};
  const Board board{directory.path() + "/board"};
  bench::Cluster cluster{kSubtasks + 1};
  const auto client = cluster.submit({"--directory", directory.path()});
  constexpr double kSecondsMax = 20;
  bench::wait_until([&] { return oldest_attempt(board) > 0; }, kSecondsMax,
                    "the job did not begin");
  std::size_t kills = 0;
  const auto outages =
      bench::interleave(options.repetitions(15),
                        {[&] { return kill_worker(cluster, board, kills++ % kSubtasks); }})[0];
  const auto heartbeat = weir::runtime::ClusterOptions{}.heartbeat;
  const std::string settings =
      fmt::format("heartbeat {}, lost after {}", weir::base::format_duration(heartbeat.interval),
                  weir::base::format_duration(heartbeat.timeout));
  bench::print_limit("kill a worker (" + settings + ")", "ms", outages, {}, 300);
  bench::print_limit("the same, longest", "ms", {*std::max_element(outages.begin(), outages.end())},
                     {}, 1000);
  return 0;
}
