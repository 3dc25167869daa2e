// Board: a job made of the real state machines - JobMachine, Coordinator, Subtasks, the storage on
// a simulated disk - without actors. Its messages lie on a table until a script delivers them.
#pragma once

#include "runtime/job/job_machine.hpp"
#include "simulation/sim_env.hpp"
#include "test/interaction/execution.hpp"

#include <weir/job.hpp>
#include <weir/testing/transaction_log.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// numbers -> counts -> out: rows that the script gives to a source, counted per number.
struct BoardOptions {
  int numbers = 2;  // parallelism of each operator
  int counts = 2;
  int out = 1;
  JobOptions job = {};
};

/// See the file comment. Everything that happens adds lines to the trace.
class Board final : private JobEvents {
public:
  explicit Board(const BoardOptions& options);
  ~Board() override;

  /// Runs the job up to the point where all its subtasks have begun.
  void start();
  /// Gives rows to a subtask of the source, or ends its input.
  void push(std::uint32_t subtask, const std::vector<int>& rows);
  void end(std::uint32_t subtask);
  /// Lets time pass, from one thing that is due to the next.
  void advance(Duration time);
  /// Delivers wanted messages one by one, with what they lead to, until there is none.
  void deliver(const Table::Wanted& wanted);
  /// A part of the job dies without a word.
  void kill(const std::string& victim);
  void stop(bool at_once);
  /// Asks for a "savepoint", or to stop with one: "suspend", "drain".
  void save(const std::string& what);
  /// The disk refuses some of the next changes.
  void refuse(simulation::DiskFault fault) { env_.inject(std::move(fault)); }

  Table& table() { return table_; }
  const Table& table() const { return table_; }
  std::vector<std::pair<int, std::int64_t>> committed() const { return log_.committed(); }
  /// "1", or "2 (incomplete)"
  std::vector<std::string> checkpoints() const;
  std::vector<std::string> savepoints();
  /// Returns what has happened since the last call.
  std::vector<std::string> take_trace() { return std::exchange(trace_, {}); }

private:
  struct Feed;
  class Reader;
  class Time;
  class Log;
  struct Perform;

  Job make_job(const BoardOptions& options) const;
  void perform(const runtime::JobActions& actions);
  void wake();
  std::optional<Duration> next_wake() const;

  void on_ready(SubtaskId subtask) override { perform(machine_->on_ready(subtask)); }
  void on_drained(SubtaskId subtask) override { perform(machine_->on_drained(subtask)); }
  void on_done(SubtaskId subtask) override { perform(machine_->on_done(subtask)); }
  void on_failure(const runtime::JobFailure& failure) override;
  void on_stop_checkpoint_failed(const std::string& why) override {
    perform(machine_->on_stop_checkpoint_failed(why));
  }
  void on_savepoint_completed(const std::string& ticket) override;
  void on_savepoint_failed(const checkpoint::SavepointFailed& failed) override;

  simulation::SimEnv env_;
  std::shared_ptr<Feed> feed_;
  std::unique_ptr<Time> time_;
  testing::TransactionLog<std::pair<int, std::int64_t>> log_;
  Table table_;
  std::vector<std::string> trace_;
  std::unique_ptr<checkpoint::CheckpointStorage> storage_;
  runtime::JobLaunch launch_;
  std::optional<runtime::JobMachine> machine_;
  std::shared_ptr<Execution> execution_;  // null: none is under way
  std::optional<Duration> restart_at_;
};

}  // namespace weir::test
