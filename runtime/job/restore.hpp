// What a checkpoint consists of, and what each part of a job gets out of one. Pure.
#pragma once

#include "checkpoint/coordinator.hpp"
#include "checkpoint/metadata.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/job/channel_shares.hpp"
#include "runtime/job/operator_shares.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::runtime {

/// Puts the answers of all subtasks and the splits that nobody reads yet together.
checkpoint::CheckpointMetadata make_metadata(const Plan& plan, const std::string& run, Epoch epoch,
                                             checkpoint::Publish complete,
                                             std::vector<checkpoint::RemainingSplits> remaining);

/// What one subtask restores.
struct SubtaskRestore {
  std::vector<state::KeyedStateHandle> keyed = {};  // those with key groups of its range
  bool is_finished = false;
  std::vector<OperatorStateShare> operators = {};  // at least one of each state that there is
  std::vector<ChannelShare> channels = {};         // in order, ahead of all that arrives
  Timestamp event_time = Timestamp::min();         // nothing at or before it was expected any more

  friend bool operator==(const SubtaskRestore&, const SubtaskRestore&) = default;
};

/// What a job restores.
struct RestorePlan {
  std::string directory = {};  // of the checkpoint; state files lie in it
  std::map<SubtaskId, SubtaskRestore> subtasks = {};
  std::map<std::string, std::vector<state::SplitPosition>> splits =
      {};                                                       // by source: all yet to be read
  std::map<std::string, std::vector<Bytes>> transactions = {};  // by sink: all to be committed
  /// What state gains and loses because its types have changed, a line for each.
  std::set<std::string> changes = {};
};

/// What some subtasks restore when they restart while the others go on.
struct PartRestore {
  std::map<SubtaskId, SubtaskRestore> subtasks = {};
  /// By subtask of a source: what it was reading. It gets these splits again, ahead of any barrier,
  /// and nobody else: it may restart once more from the same checkpoint, which would give them back
  /// a second time.
  std::map<SubtaskId, std::vector<state::SplitPosition>> positions = {};
  /// By sink and subtask: what is to be committed, in order.
  std::map<std::pair<std::string, std::uint32_t>, std::vector<Bytes>> transactions = {};
};

/// Distributes a checkpoint over the subtasks of a plan, at any parallelism. `failed_precondition`
/// names every operator and state of the checkpoint that the job cannot take, with the cure; state
/// of operators that the job no longer has is dropped if `allow_non_restored`.
Result<RestorePlan> make_restore_plan(const Plan& plan,
                                      const checkpoint::CheckpointMetadata& metadata,
                                      bool allow_non_restored);

/// Says what `subtasks` get out of a checkpoint that was taken with the same plan. Errors are those
/// of `make_restore_plan`.
Result<PartRestore> make_part_restore(const Plan& plan,
                                      const checkpoint::CheckpointMetadata& metadata,
                                      const std::set<SubtaskId>& subtasks, bool allow_non_restored);

}  // namespace weir::runtime
