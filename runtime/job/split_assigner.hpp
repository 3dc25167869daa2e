// SplitAssigner: which subtask of a source reads which split. It lives with the checkpoint
// coordinator, whose triggers and assignments reach a subtask in the order in which they were sent:
// so a split is in a checkpoint exactly once, either here or at a subtask.
#pragma once

#include "checkpoint/metadata.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/job/restore.hpp"

#include <weir/source.hpp>

#include <map>
#include <memory>
#include <vector>

namespace weir::runtime {

/// The splits of one source that no subtask has yet. Pure.
class SplitAssigner {
public:
  /// `splits` are to be read in their order, by the subtasks `readers`: those that a restored
  /// checkpoint does not hold as finished, in ascending order.
  SplitAssigner(std::string operator_name, SourceOptions options,
                std::vector<std::uint32_t> readers, std::vector<state::SplitPosition> splits);

  struct Answer {
    std::vector<state::SplitPosition> splits;
    bool no_more = false;  // these are the last ever for this subtask
  };
  /// Subtask `index`, one of the readers, asks for splits. With `Assignment::on_request` it gets
  /// the next one, or several small ones; with `Assignment::spread` each gets its share once.
  Answer request(std::uint32_t index);

  /// Reader `index` restarts alone and gives back what it was given behind its checkpoint. That is
  /// read next: by whoever asks first, or with `Assignment::spread` by this reader again.
  void put_back(std::uint32_t index, std::vector<state::SplitPosition> splits);

  /// What a checkpoint triggered now must hold. Costs nothing: the list is shared.
  checkpoint::RemainingSplits remaining() const;

  const std::string& operator_name() const { return operator_name_; }

private:
  std::string operator_name_;
  SourceOptions options_;
  std::vector<std::uint32_t> readers_;
  std::shared_ptr<const std::vector<state::SplitPosition>> splits_;
  std::size_t next_ = 0;             // on request: the next one to hand out
  std::vector<bool> has_its_share_;  // spread: by place in readers_
  std::map<std::uint32_t, std::vector<state::SplitPosition>> returned_;  // spread: by reader
};

/// Makes the assigner of each source vertex; takes the splits out of `restore`.
std::map<VertexId, SplitAssigner> make_assigners(const Plan& plan, RestorePlan& restore);

}  // namespace weir::runtime
