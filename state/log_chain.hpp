// LogChain: how a checkpoint refers to keyed state that has a log: to a base with all rows, and to
// the segments of the log since then. Pure values; who writes the files, and when, is in
// runtime/task/change_log.hpp.
//
// A chain belongs to the version of the state at one checkpoint, and names the versions on its way
// there. Each version was written against one before it, so that versions are a tree: a checkpoint
// may begin before the last one is written. What is known of one version, such as a new base, helps
// those that come of it and no others.
#pragma once

#include "state/handle.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::state {

/// See the file comment.
struct LogChain {
  /// The checkpoint of the base, and those of all versions from there on, ascending.
  std::vector<CheckpointId> versions = {};
  std::vector<KeyedStateHandle> handles = {};  // of each operator of the subtask that has state

  CheckpointId id() const { return versions.back(); }
  /// Whether the base lies in a file: then a log may follow. What is in the metadata is so small
  /// that it is written anew.
  bool can_grow() const;
  std::set<std::string> files() const;
  std::uint64_t base_bytes() const;
  std::uint64_t log_bytes() const;
  std::size_t segments() const;  // the most that an operator has
};

/// A chain that has only a base.
LogChain base_chain(CheckpointId id, std::vector<KeyedStateHandle> handles);

/// Returns the chain of a version that was written against that of `chain`: with one more segment
/// for each operator that has changed. All that was there before is linked.
LogChain extended(LogChain chain, CheckpointId id, std::vector<LogSegment> changes);

/// Returns `chain` with a newer base: the segments up to there are left out. None if `chain` does
/// not come of that version, or has no older base.
std::optional<LogChain> rebased(const LogChain& chain, const LogChain& base);

}  // namespace weir::state
