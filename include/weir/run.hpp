// Running jobs: as a program with a command line, or from C++.
//
//   int main(int argc, char** argv) {
//     std::string input;
//     weir::Flags flags{"Counts the words of text files."};
//     flags.required("input", &input, "file, directory or pattern to read");
//     return weir::main(flags, [&] { return word_count_job(input); }, argc, argv);
//   }
#pragma once

#include <weir/chaos.hpp>
#include <weir/job.hpp>
#include <weir/result.hpp>
#include <weir/savepoint.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

/// The flags of a job's own, besides those that every job has.
class Flags {
public:
  /// Where the value of a flag goes.
  using Target = std::variant<std::string*, std::int64_t*, double*, bool*,
                              std::vector<std::string>*, Duration*>;
  struct Flag {
    std::string name;  // without "--"
    Target target;
    std::string help;
    bool is_required = false;
    std::vector<std::string> choices;  // empty: any text
  };

  explicit Flags(std::string description = "") : description_{std::move(description)} {}

  /// Adds a flag that must be given. `target` must outlive the command line.
  Flags& required(std::string name, Target target, std::string help) {
    flags_.push_back({std::move(name), target, std::move(help), true, {}});
    return *this;
  }
  /// Adds a flag whose default is what `target` points to.
  Flags& optional(std::string name, Target target, std::string help) {
    flags_.push_back({std::move(name), target, std::move(help), false, {}});
    return *this;
  }
  /// Adds a flag whose value is one of `choices`.
  Flags& choice(std::string name, std::string* target, std::vector<std::string> choices,
                std::string help) {
    flags_.push_back({std::move(name), target, std::move(help), false, std::move(choices)});
    return *this;
  }

  const std::string& description() const { return description_; }
  const std::vector<Flag>& all() const { return flags_; }

private:
  std::string description_;
  std::vector<Flag> flags_;
};

/// Turns a program into a job: `JOB run ...`, `JOB graph ...`; see docs/reference/cli.md. Returns
/// the exit code: 0 finished, 1 failed, 2 wrong usage, 3 the state to continue from cannot be used,
/// 130 interrupted. The reason of a failure is the last line on standard error.
int main(const Job& job, int argc, char** argv);

/// The same for a job that is built from flags, after they have been read.
int main(const Flags& flags, const std::function<Job()>& build, int argc, char** argv);

/// How a job ended.
enum class JobEnd : std::uint8_t {
  finished,        ///< all input was processed or the job drained; the results are committed
  stopped,         ///< somebody asked; behind a last checkpoint from which it can go on
  cancelled,       ///< by `JobHandle::stop` or `cancel`, without a last checkpoint
  failed,          ///< see `JobResult::reason`
  not_restorable,  ///< the state to continue from cannot be used
};

/// How a job ended, and what happened to it until then.
struct JobResult {
  JobEnd end = JobEnd::finished;
  std::string reason = {};  ///< of a failure, or why a stop became a cancellation
  int restarts = 0;
  std::uint64_t checkpoints = 0;  ///< completed
};

/// How `run_local` starts a job.
struct RunOptions {
  /// Continue from the newest checkpoint in the job's directory, or from this path; empty: from the
  /// beginning. "latest" where there is none begins from the beginning.
  std::string restore = {};
  bool allow_non_restored_state = false;
  std::vector<ChaosRule> chaos = {};
  int threads = 0;  ///< actor threads; 0: one per core
};

/// A job that runs in this process. It is cancelled when the handle goes.
class JobHandle {
public:
  JobHandle(JobHandle&&) noexcept;
  JobHandle& operator=(JobHandle&&) noexcept;
  ~JobHandle();

  /// Waits for the end of the job.
  JobResult wait();
  /// Asks the job to end behind a last checkpoint, if it takes any.
  void stop();
  /// Takes a savepoint while the job runs, waits for it and returns its path: a new directory under
  /// `target`, or under `CheckpointOptions::savepoints` if that is empty. It is the caller's, and
  /// nobody else ever deletes it. A failure leaves the job as it is: `invalid_argument` without a
  /// target, `failed_precondition` once the job has ended, otherwise `unavailable`.
  Result<std::string> savepoint(const std::string& target = "",
                                SavepointFormat format = SavepointFormat::canonical);
  /// The same, and the job ends behind it as `mode` says; if the savepoint fails it goes on. A job
  /// that has begun to drain goes on as after a failure: it restarts from its last checkpoint, if
  /// its restart strategy lets it.
  Result<std::string> stop_with_savepoint(const std::string& target = "",
                                          StopMode mode = StopMode::suspend,
                                          SavepointFormat format = SavepointFormat::canonical);
  /// Asks the job to end at once.
  void cancel();
  /// Kills a subtask ("counts/1"), "coordinator", "node" or "any", as a crash would.
  void kill(const std::string& victim);
  /// Restarts so far.
  int restarts() const;
  /// Completed checkpoints so far.
  std::uint64_t checkpoints() const;

private:
  friend Result<JobHandle> run_local(const Job& job, const RunOptions& options);
  class Impl;
  explicit JobHandle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Starts a job on threads of this process. `invalid_argument` lists all problems of the job.
Result<JobHandle> run_local(const Job& job, const RunOptions& options = {});

}  // namespace weir
