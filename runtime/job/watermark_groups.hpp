// WatermarkGroups: sources whose watermarks are aligned tell how far they are, and hear how far the
// slowest of their group is. Pure; it lives with the checkpoint coordinator of an execution, and
// begins anew with each.
//
// Who holds the others up
//  - A subtask that has not spoken yet: nobody knows from when its records are. It speaks as soon
//    as it knows what it reads.
//  - One that reads, by its least watermark; if that has had no record yet, it may have old ones.
//  - Nobody else: not who is idle, has no splits, has ended, or has failed and does not run again
//    yet. Those that wait for such a one would wait for nothing.
//
// Who is told how far the group is: whoever has just spoken; and those that wait, when it moves on.
#pragma once

#include "base/ids.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/task/source_time.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// One group. See the file comment.
class WatermarkGroup {
public:
  /// How far the slowest of the group is, for a member.
  struct Answer {
    SubtaskId to;
    Timestamp least;

    friend bool operator==(const Answer&, const Answer&) = default;
  };

  /// None of the members has spoken.
  explicit WatermarkGroup(const std::vector<SubtaskId>& members);

  /// A member says how far it is.
  std::vector<Answer> on_told(SubtaskId member, const SourceTime& time);
  /// Members have failed. What is no member may be among them, here and below.
  std::vector<Answer> on_failed(const std::set<SubtaskId>& subtasks);
  /// They run again, and have not spoken.
  void on_restarted(SubtaskId subtask);

  /// Returns how far the slowest is: the least time there is while nothing is known of one; none:
  /// all are idle, or gone.
  std::optional<Timestamp> least() const;

private:
  std::vector<Answer> answer_waiting(std::optional<SubtaskId> teller);

  std::map<SubtaskId, SourceTime> members_;
  std::optional<Timestamp> announced_ = Timestamp::min();  // to those that wait
};

/// All groups of a job.
class WatermarkGroups {
public:
  using Answer = WatermarkGroup::Answer;

  explicit WatermarkGroups(const Plan& plan);

  /// Forwards to the group of this subtask, a member of one.
  std::vector<Answer> on_told(SubtaskId member, const SourceTime& time);
  std::vector<Answer> on_failed(const std::set<SubtaskId>& subtasks);
  void on_restarted(SubtaskId subtask);

private:
  std::map<std::string, WatermarkGroup> groups_;
  std::map<VertexId, std::string> group_of_;
};

}  // namespace weir::runtime
