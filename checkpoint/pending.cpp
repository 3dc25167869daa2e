#include "checkpoint/pending.hpp"

#include "base/assert.hpp"

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

bool PendingCheckpoint::takes_part(const Speaker& speaker) const {
  const auto at = participants_.find(speaker.subtask);
  return at != participants_.end() && at->second == speaker.attempt;
}

std::vector<SubtaskId> PendingCheckpoint::missing() const {
  std::vector<SubtaskId> missing;
  for (const auto& [subtask, attempt] : participants_) {
    if (!answers_.contains(subtask)) missing.push_back(subtask);
  }
  return missing;
}

}  // namespace weir::checkpoint
