// Participants: the subtasks that take part in checkpoints, and which of them read a backlog.
#pragma once

#include "checkpoint/messages.hpp"

#include <set>
#include <vector>

namespace weir::checkpoint {

/// See the file comment.
class Participants {
public:
  /// All subtasks of the job, once they run.
  void begin(std::vector<Speaker> all) { all_ = std::move(all); }
  /// New attempts of some of them.
  void replace(const std::vector<Speaker>& replacements);

  bool empty() const { return all_.empty(); }
  const std::vector<Speaker>& all() const { return all_; }

  /// A subtask says whether it reads a backlog: records that have waited for long. It may say so
  /// before `begin`.
  void on_backlog(const Speaker& from, bool is_backlog);
  /// Whether any of them does. What replaced ones have said does not count.
  bool have_backlog() const;

private:
  std::vector<Speaker> all_;
  std::set<Speaker> with_backlog_;
};

}  // namespace weir::checkpoint
