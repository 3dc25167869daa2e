// ChangeLog: the log of a subtask's keyed state, from checkpoint to checkpoint.
//
// What a checkpoint has written stays frozen in memory: the tail that the next one writes is the
// difference to it. Whether the checkpoint completes does not matter, since its files stay in the
// log (logged_write.hpp): the newest version that is written is what the next one is written
// against.
//
// When the log has become as large as its base, or that is old, all rows of the newest version are
// written anew, beside the checkpoints (base_writer.hpp); those that follow refer to the new base
// and to what came after it.
//
// Invariants
//  - A version is frozen and its files stay while it is the newest one, a snapshot is being written
//    against it, or it is becoming a base.
//  - Any other file of the log goes, whoever still has another name of it.
//
// Everything happens in the subtask's turns, but for what is handed to the pool.
#pragma once

#include "runtime/task/base_writer.hpp"
#include "runtime/task/chain.hpp"
#include "runtime/task/logged_write.hpp"
#include "runtime/task/port.hpp"

#include <weir/options.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class ChangeLog {
public:
  /// `chain` has the state whose cuts are written.
  ChangeLog(std::shared_ptr<Chain> chain, LogPlace place, ChangelogOptions options,
            SubtaskPort& port);

  /// A snapshot has been frozen for checkpoint `id`: returns how it is to be written.
  std::shared_ptr<LoggedWrite> begin(CheckpointId id);

  /// What `begin` returned has come to an end, well or not. Takes `cuts`, the snapshot, which was
  /// frozen at `frozen_at`.
  void on_written(const std::shared_ptr<LoggedWrite>& write, std::vector<state::KeyedCut> cuts,
                  const Status& status, Duration frozen_at);

  /// Returns why nothing more can be done, once.
  std::optional<TaskFailure> take_failure() { return bases_.take_failure(); }

private:
  using VersionPtr = BaseWriter::VersionPtr;

  void adopt(VersionPtr version);
  void write_base_if_due();
  void on_base_written();
  void rebase(LogVersion& version) const;
  void tidy_up();
  bool is_used(const VersionPtr& version) const;
  std::set<std::string> needed_files() const;

  std::shared_ptr<Chain> chain_;
  LogPlace place_;
  SubtaskPort& port_;
  bool has_begun_ = false;
  bool is_possible_ = true;           // the storage has links
  std::vector<VersionPtr> versions_;  // frozen ones
  VersionPtr newest_;                 // null: the next snapshot is a base
  std::vector<std::shared_ptr<LoggedWrite>> under_way_;
  BaseWriter bases_;
  std::set<std::string> files_;  // of the log that may be there
};

}  // namespace weir::runtime
