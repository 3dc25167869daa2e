#include "checkpoint/pending.hpp"

#include "base/assert.hpp"

#include <utility>

namespace weir::checkpoint {

PendingCheckpoint::PendingCheckpoint(const Barrier& barrier,
                                     const std::vector<Speaker>& participants, Duration started_at,
                                     Duration deadline)
    : barrier_{barrier}, started_at_{started_at}, deadline_{deadline} {
  for (const Speaker& speaker : participants)
    participants_.emplace(speaker.subtask, speaker.attempt);
  WEIR_ASSERT(!participants_.empty(), "a checkpoint needs a subtask");
}

AckResult PendingCheckpoint::acknowledge(const Ack& ack) {
  if (!takes_part(ack.from)) return AckResult::unknown;
  return answers_.try_emplace(ack.from.subtask, ack).second ? AckResult::success
                                                            : AckResult::duplicate;
}

std::vector<Ack> PendingCheckpoint::leave_out(const std::set<SubtaskId>& subtasks,
                                              CheckpointId from) {
  std::vector<Ack> dropped;
  for (const SubtaskId subtask : subtasks) {
    WEIR_ASSERT(participants_.contains(subtask), "who is left out must have taken part");
    left_out_.insert(subtask);
    if (auto answer = answers_.extract(subtask); !answer.empty())
      dropped.push_back(std::move(answer.mapped()));
  }
  WEIR_ASSERT(left_out_.size() < participants_.size(), "a checkpoint must have something new");
  taken_from_ = from;
  return dropped;
}

bool PendingCheckpoint::takes_part(const Speaker& speaker) const {
  if (left_out_.contains(speaker.subtask)) return false;
  const auto at = participants_.find(speaker.subtask);
  return at != participants_.end() && at->second == speaker.attempt;
}

std::vector<SubtaskId> PendingCheckpoint::missing() const {
  std::vector<SubtaskId> missing;
  for (const auto& [subtask, attempt] : participants_) {
    if (!answers_.contains(subtask) && !left_out_.contains(subtask)) missing.push_back(subtask);
  }
  return missing;
}

}  // namespace weir::checkpoint
