// LoggedWrite: how the keyed state of one snapshot is written if there is a log of it
// (docs/concepts/state.md). Files are made in the job's log, DIRECTORY/JOB/changelog beside its
// checkpoints, and get a second name in the checkpoint: so it does not matter to the log what
// becomes of a checkpoint, nor to a checkpoint what becomes of the log.
//
//   VERTEX-INDEX-ATTEMPT.state.base-N     all rows at checkpoint N
//   VERTEX-INDEX-ATTEMPT.state.base.K-N   the same, written later
//   VERTEX-INDEX-ATTEMPT.state.tail-N     what has changed since an earlier checkpoint
//
// No name is used twice: a file that is no longer needed may go at any time.
#pragma once

#include "state/keyed_cut.hpp"
#include "state/log_chain.hpp"
#include "state/state_file.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// Where the files of a subtask's log are made.
struct LogPlace {
  Env* env = nullptr;
  std::string directory = {};
  std::string owner = {};  // of the files: VERTEX-INDEX
  AttemptId attempt = {};
  std::size_t inline_threshold = 0;
  state::Compression compression = state::Compression::none;

  std::string name_of(const std::string& what, CheckpointId id) const;
  std::string path_of(const std::string& name) const;
};

/// The state at a checkpoint, which has been written and stays frozen while it is of use.
struct LogVersion {
  std::vector<state::KeyedCut> cuts = {};
  state::LogChain chain = {};
  Duration base_at = {};  // when the base was written
};

/// Writes all rows of `cuts`, frozen for checkpoint `id`, to a file of the log, or into the handles
/// if they have at most `inline_threshold` bytes. In the pool. After an error it may be called
/// again.
Result<state::LogChain> write_base(const LogPlace& place, const std::string& name, CheckpointId id,
                                   std::vector<state::KeyedCut>& cuts,
                                   std::size_t inline_threshold);

/// Removes what attempts before this one have left of their log. In the pool.
void remove_earlier_files(const LogPlace& place);

/// See the file comment. Made in the subtask's turn.
class LoggedWrite {
public:
  /// `since` is what the tail is written against; null: all rows are written.
  LoggedWrite(LogPlace place, CheckpointId id, std::shared_ptr<const LogVersion> since);

  /// In the pool. Writes `cuts`, and gives all files that they need a name in `directory`. After an
  /// error it may be called again.
  Status write(std::vector<state::KeyedCut>& cuts, const std::string& directory);

  /// After `write`: where the state lies. None: the storage gives files no more names, and nothing
  /// is in the checkpoint.
  const std::optional<state::LogChain>& chain() const { return chain_; }

  CheckpointId id() const { return id_; }
  const std::shared_ptr<const LogVersion>& since() const { return since_; }
  /// The files of the log that it may make.
  std::vector<std::string> files() const;
  /// Those that it needs.
  std::set<std::string> needs() const {
    return before_ ? before_->files() : std::set<std::string>{};
  }

private:
  Result<state::LogChain> write_tail(const std::vector<state::KeyedCut>& cuts) const;
  void give_up(const std::string& directory);

  LogPlace place_;
  CheckpointId id_;
  std::shared_ptr<const LogVersion> since_;
  std::optional<state::LogChain> before_;  // of `since_`, as it was: it may get another base
  std::optional<state::LogChain> chain_;
  bool is_impossible_ = false;
};

}  // namespace weir::runtime
