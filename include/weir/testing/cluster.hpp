// Cluster: a job on a simulated machine. Real actors and the real protocol run in one thread, on a
// virtual clock and a virtual disk, in an order drawn from a seed: one seed is one trace.
//
//   testing::Cluster cluster{{.seed = 7}};
//   auto run = cluster.start(job);
//   run.at(testing::checkpoint(3), Phase::aligning).kill("counts/1");
//   REQUIRE(run.finish());
//   CHECK(run.restarts() == 1);
//
// Under simulation time passes only when nobody has anything to do, so a test of an hour takes
// milliseconds. Link weir::testing.
#pragma once

#include <weir/chaos.hpp>
#include <weir/env.hpp>
#include <weir/job.hpp>
#include <weir/result.hpp>
#include <weir/savepoint.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::testing {

/// Names a moment for `Run::at`: the first checkpoint with at least this number.
struct CheckpointAt {
  std::uint64_t number;
};
constexpr CheckpointAt checkpoint(std::uint64_t number) {
  return {number};
}

/// What a simulated machine does to a job, all of it decided by `seed`.
struct ClusterOptions {
  std::uint64_t seed = 1;
  /// Every batch is encoded and decoded, also between actors of one process.
  bool force_bytes = false;
  /// Probability that a checkpoint message (trigger, acknowledgement, decline, notification), or
  /// one by which aligned sources keep pace, is lost, repeated or late.
  double disturbed_messages = 0;
};

/// How a run begins.
struct StartOptions {
  /// Continue from the newest checkpoint in the job's directory.
  bool restore_latest = false;
  /// Continue from this checkpoint.
  std::string restore_path = {};
  bool allow_non_restored_state = false;
};

class Run;

/// Where a chaos rule waits for its verb.
class Moment {
public:
  /// The victim dies at this moment: a subtask ("counts/1"), "coordinator", "node" or "any".
  void kill(std::string_view victim);

private:
  friend class Run;
  Moment(Run& run, AtCheckpoint at) : run_{run}, at_{at} {}
  Run& run_;
  AtCheckpoint at_;
};

/// A started job. It ends with this object.
class Run {
public:
  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;
  ~Run();

  /// Names a moment in the life of a checkpoint.
  Moment at(CheckpointAt checkpoint, Phase phase) { return {*this, {checkpoint.number, phase}}; }
  /// Adds the chaos rule that `text` describes; see ChaosRule. Ends the process if it cannot be
  /// read.
  void chaos(std::string_view text);

  /// Lets the job run to its end; false if it failed, or had not ended after `limit` of virtual
  /// time or nobody had anything left to do. `report()` says why.
  bool finish(Duration limit = std::chrono::hours{24});
  /// Lets the job run for this much virtual time, or to its end if that comes first.
  void run_for(Duration time);
  /// Lets the job run until so many checkpoints have completed; false if it ended before.
  bool run_until_checkpoint(std::uint64_t count);

  /// Asks the job to end: with a last checkpoint if it takes any, or at once.
  void stop(bool at_once = false);
  /// Asks for a savepoint under `target`, behind which the job ends as `stop` says, or goes on.
  /// Returns the number of the request.
  std::uint64_t ask_savepoint(const std::string& target, std::optional<StopMode> stop = {},
                              SavepointFormat format = SavepointFormat::canonical);
  /// What came of a request: the path of the savepoint, or why there is none; nothing yet.
  std::optional<Result<std::string>> savepoint_answer(std::uint64_t request) const;
  /// Asks, and lets the job run until the answer is there, which it is at the job's end.
  Result<std::string> savepoint(const std::string& target, std::optional<StopMode> stop = {},
                                SavepointFormat format = SavepointFormat::canonical);
  /// Kills somebody now.
  void kill(std::string_view victim);
  /// The process dies as by SIGKILL: nobody does anything any more.
  void crash();

  bool has_ended() const;
  int restarts() const;
  std::uint64_t checkpoints() const;
  std::uint64_t failed_checkpoints() const;
  /// How the job ended, or stands, in a line.
  std::string report() const;
  /// What every actor did, in order; equal for equal seeds.
  const std::vector<std::string>& trace() const;
  /// Log lines.
  const std::vector<std::string>& log() const;
  /// Virtual time since the start.
  Duration elapsed() const;

private:
  friend class Cluster;
  friend class Moment;
  class Impl;
  explicit Run(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A simulated machine: its disk outlives the runs on it.
class Cluster {
public:
  explicit Cluster(ClusterOptions options = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Starts a job; a test that starts one with problems ends with their list.
  Run start(const Job& job, StartOptions options = {});
  /// The same, but returns why a job cannot start.
  Result<Run> try_start(const Job& job, StartOptions options = {});

  /// The machine's disk, to prepare input and to look at output.
  Env& disk();

  /// The machine loses power before the n-th change of its disk from now on; `Run::finish` then
  /// returns false.
  void crash_before_change(std::uint64_t n);
  bool has_crashed() const;
  /// Power is back: what was not synced is lost, all or in part.
  void power_on();
  /// Changes of the disk so far.
  std::uint64_t disk_changes() const;
  /// How often files whose path contains `part` were opened for reading so far.
  std::uint64_t disk_opens(std::string_view part) const;

  /// To be called by functions of a job that runs here: what they do takes this much virtual time,
  /// in which timers of others fall due. So a slow sink holds up those that feed it. Without a run
  /// nothing happens.
  void take_time(Duration time) const;

  /// To be called by them, too: calls `f`, which must not throw, after this much virtual time, as a
  /// service does that answers later; never if the run has ended by then.
  void call_later(Duration delay, std::function<void()> f) const;

  /// The next `times` writes, syncs and renames of paths that contain `part` fail with `code`.
  void fail_writes(std::string_view part, ErrorCode code, std::uint64_t times = 1);
  /// From now on each of them fails with this probability, from 0 to below 1.
  void fail_some_writes(std::string_view part, ErrorCode code, double chance);
  /// The next `times` writes, syncs and renames of paths that contain `part` never come back.
  void hang_writes(std::string_view part, std::uint64_t times = 1);
  /// Each of the next `times` of them takes so much virtual time.
  void slow_writes(std::string_view part, Duration time, std::uint64_t times = 1);
  /// The next `times` syncs of files whose path contains `part` say that all is safe, though it is
  /// not: when the power is cut, what had been written is lost in part.
  void forget_syncs(std::string_view part, std::uint64_t times = 1);

private:
  friend class Run;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::testing
