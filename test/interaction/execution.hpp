// Execution: one execution of a job on the table: the real Coordinator and the real Subtasks, and
// what carries messages between them instead of actors. When it is destroyed, messages to its parts
// arrive nowhere; work that was on its way to the storage is done all the same.
#pragma once

#include "checkpoint/coordinator.hpp"
#include "checkpoint/storage.hpp"
#include "runtime/job/job_machine.hpp"
#include "runtime/job/launch.hpp"
#include "runtime/job/split_assigner.hpp"
#include "runtime/task/subtask.hpp"
#include "test/interaction/table.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// What an execution tells the job.
class JobEvents {
public:
  virtual ~JobEvents() = default;
  virtual void on_ready(SubtaskId subtask) = 0;
  virtual void on_drained(SubtaskId subtask) = 0;
  virtual void on_done(SubtaskId subtask) = 0;
  virtual void on_failure(const runtime::JobFailure& failure) = 0;
  virtual void on_stop_checkpoint_failed(const std::string& why) = 0;
  virtual void on_savepoint_completed(const std::string& ticket) = 0;
  virtual void on_savepoint_failed(const checkpoint::SavepointFailed& failed) = 0;
};

/// What everybody on the table shares.
struct Surroundings {
  Table& table;
  std::vector<std::string>& trace;
  JobEvents& job;
  const runtime::Plan& plan;
  checkpoint::CheckpointStorage& storage;
  Env& env;
  const Clock& clock;
  std::string run;
};

/// See the file comment.
class Execution : public std::enable_shared_from_this<Execution> {
public:
  Execution(const Surroundings& around, AttemptId attempt, runtime::Execution begun);
  ~Execution();

  /// Builds all subtasks and restores their state; each then says that it is ready.
  void deploy();
  void start();
  void request_checkpoint(checkpoint::CheckpointKind kind);
  void request_savepoint(checkpoint::SavepointRequest request);
  /// Lets everybody do what is due now.
  void wake();
  /// When `wake` is needed next.
  std::optional<Duration> next_wake() const;
  /// Looks for new rows.
  void drive(std::uint32_t source_subtask);

private:
  class Task;
  struct Perform;

  /// Sends something to a part of this execution, if it still lives when the message arrives.
  void post(std::string from, std::string to, std::string what, std::function<void()> arrive);
  /// Sends work to the storage, and the answer back.
  void post_work(std::string from, std::string what, std::function<void()> work,
                 std::function<void()> then);
  void note(std::string line) { around_.trace.push_back(std::move(line)); }
  void tell_all(const std::string& what, const std::function<void(Task&)>& f);
  void perform(checkpoint::Actions actions);
  void on_ack(const checkpoint::Ack& ack);
  Task& task(SubtaskId id) { return *tasks_.at(id); }
  std::string name_of(SubtaskId id) const { return around_.plan.name_of(id); }
  Duration now() const { return around_.clock.monotonic(); }

  Surroundings around_;
  AttemptId attempt_;
  Epoch epoch_;
  runtime::RestorePlan restore_;
  checkpoint::Coordinator coordinator_;
  std::map<VertexId, runtime::SplitAssigner> assigners_;
  std::map<CheckpointId, std::vector<checkpoint::RemainingSplits>> remaining_;
  std::map<SubtaskId, std::unique_ptr<Task>> tasks_;
};

}  // namespace weir::test
