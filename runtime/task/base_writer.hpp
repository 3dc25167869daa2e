// BaseWriter: writes all rows of a version of a subtask's state anew, as the base of the log that
// follows (change_log.hpp), beside the checkpoints: they do not need it.
//
// If that fails it is tried again after a while, and the checkpoints go on with the base that they
// have; too many failures, one after the other, fail the subtask.
//
// Everything happens in the subtask's turns, but for what is handed to the pool.
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/logged_write.hpp"
#include "runtime/task/port.hpp"

#include <weir/options.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::runtime {

/// Whether a new base is to be written. `age` is that of the base. Also if the log has very many
/// segments: each checkpoint names all of them and gives each one more link.
bool needs_base(const state::LogChain& chain, Duration age, const ChangelogOptions& options);

/// See the file comment.
class BaseWriter {
public:
  using VersionPtr = std::shared_ptr<LogVersion>;

  /// A base that was written so.
  struct Base {
    state::LogChain chain;
    Duration written_at;
  };

  /// `chain` has the state whose versions are written.
  BaseWriter(std::shared_ptr<Chain> chain, LogPlace place, ChangelogOptions options,
             SubtaskPort& port);

  /// Begins to write `version` if its base has become too old or its log too long, and if nothing
  /// is being written; calls `then` when that has come to its end, or is to be tried again. Returns
  /// the name of the file, or "" if it has not begun.
  std::string begin_if_due(const VersionPtr& version, std::function<void()> then);

  /// The newest one; none: nothing was written so far.
  const std::optional<Base>& base() const { return base_; }
  /// The version that is being written, or null.
  VersionPtr version() const { return under_way_ != nullptr ? under_way_->of : nullptr; }
  /// The file that is being written, or "".
  std::string file() const { return under_way_ != nullptr ? under_way_->name : ""; }

  /// Returns why nothing more can be done, once.
  std::optional<TaskFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

private:
  /// All rows of a version, on their way into a file.
  struct Work {
    std::shared_ptr<Chain> chain;  // goes after the frozen rows
    VersionPtr of;
    CheckpointId id;  // of that version
    LogPlace place;
    std::string name;  // of the file
    Status status = {};
    state::LogChain base = {};

    void write();
  };

  void on_written(const Work& done, const std::function<void()>& then);
  void on_failed(const Work& done, const std::function<void()>& then);

  std::shared_ptr<Chain> chain_;
  LogPlace place_;
  ChangelogOptions options_;
  SubtaskPort& port_;
  std::shared_ptr<Work> under_way_;
  std::optional<Base> base_;
  std::uint64_t begun_ = 0;
  int failures_ = 0;         // one after the other
  bool is_pausing_ = false;  // behind one
  std::optional<TaskFailure> failure_;
};

}  // namespace weir::runtime
