// SnapshotWork: one snapshot of a subtask on its way to storage.
//
// Its files are written one after the other. One that cannot be written just now is tried again
// (base/retry.hpp), from its start; what has been written stays. What sinks must make safe is not
// repeated: their files are the users', and a sync that has failed proves nothing when it is
// repeated.
#pragma once

#include "base/blocking_pool.hpp"
#include "base/retry.hpp"
#include "checkpoint/local_state.hpp"
#include "checkpoint/messages.hpp"
#include "runtime/task/chain.hpp"
#include "runtime/task/element.hpp"
#include "runtime/task/logged_write.hpp"
#include "state/keyed_cut.hpp"
#include "state/operator_snapshot.hpp"
#include "state/state_file.hpp"

#include <weir/options.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// Where state files go.
struct SnapshotPlace {
  Env* env = nullptr;
  std::string directory = {};             // of the job's checkpoints: DIRECTORY/JOB
  std::size_t inline_threshold = 20'000;  // bytes of state that stay in the metadata
  /// A store is copied with its files: only those that no checkpoint has are written.
  bool incremental = true;
  state::Compression compression = state::Compression::none;  // of rows
  Env* savepoints = nullptr;                                  // where savepoints are written to
  /// Of the node, which keeps copies there; null: it keeps none.
  std::shared_ptr<checkpoint::LocalState> local = nullptr;
  base::BlockingPool* pool = nullptr;  // may write several files at once; null: it may not
  WriteRetryOptions retry = {.timeout = {}};
  ChangelogOptions changelog = {};
};

/// Where the subtasks of a job write whose checkpoints lie in `directory` of `env`.
SnapshotPlace snapshot_place(Env& env, std::string directory, const JobOptions& job);

/// A snapshot that has been frozen. Touched by the subtask before and after, by the pool in
/// between; but `overtaken` and `missing` stay with the subtask until `write_overtaken`.
class SnapshotWork {
public:
  /// A transaction that must be safe before the snapshot is.
  struct Persist {
    std::shared_ptr<detail::Committer> committer;
    std::string operator_name;
    Bytes txn;
  };
  /// Records that the barrier has overtaken, and what their handle says of them.
  struct Overtaken {
    state::ChannelStateHandle handle;
    std::vector<Element> batches;
  };

  SnapshotWork(checkpoint::Barrier snapshot_barrier, std::shared_ptr<Chain> frozen_chain,
               SnapshotPlace where, std::string name);

  bool has_store() const;
  template <class F>
  void for_each_store(F f) {
    for (state::KeyedCut& cut : keyed) {
      if (cut.has_store()) f(cut);
    }
  }

  // In the pool. Each leaves what came of it in `status`. What has failed may be called again.

  /// Brings stores up to date.
  void write_back();
  /// Writes all but what was overtaken.
  void write_state();
  void write_overtaken();

  /// After one of these two: how long to wait before it is called again; none: it has gone well, or
  /// there is no use in it.
  std::optional<Duration> pause_before_retry(Duration now);

  /// Keeps the frozen rows alive if the subtask ends meanwhile; so it goes after them.
  std::shared_ptr<Chain> chain;
  checkpoint::Barrier barrier;
  checkpoint::SnapshotTimings timings;
  Duration frozen_at{};
  std::vector<state::KeyedCut> keyed;
  std::shared_ptr<LoggedWrite> logged;  // how those are written; null: all of their rows
  std::vector<state::OperatorCut> operators;
  std::vector<Persist> persist;
  std::vector<Overtaken> overtaken;
  int missing = 0;           // reports of what was overtaken, by the input and by the output
  bool is_written = false;   // all but that
  bool is_given_up = false;  // nobody waits for it any more
  state::SubtaskState result;
  Status status;

private:
  enum class Progress : std::uint8_t { nothing, persisted, keyed, all };
  /// Where the files go.
  struct Target {
    SnapshotPlace place;
    std::string directory;
    std::string file_name;
  };

  bool is_savepoint() const { return !barrier.directory.empty(); }
  Env& env() const { return is_savepoint() ? *target_.place.savepoints : *target_.place.env; }
  std::string path_of(const std::string& name) const;
  std::optional<std::uint64_t> copy_above() const;
  Result<std::unique_ptr<WritableFile>> create_file() const;
  Status persist_all();
  Status write_copies();
  Status write_keyed();
  Status write_operators();
  Status write_channels();
  Result<state::KeyedStateHandle> write_files(std::size_t i);

  Target target_;
  base::Retry retry_;
  Progress progress_ = Progress::nothing;
  std::vector<std::optional<state::KeyedStateHandle>> copies_;  // by place in `keyed`
};

}  // namespace weir::runtime
