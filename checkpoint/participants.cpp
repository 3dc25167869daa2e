#include "checkpoint/participants.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace weir::checkpoint {

void Participants::replace(const std::vector<Speaker>& replacements) {
  for (const Speaker& replacement : replacements) {
    const auto at = std::find_if(all_.begin(), all_.end(), [&](const Speaker& known) {
      return known.subtask == replacement.subtask;
    });
    WEIR_ASSERT(at != all_.end(), "a subtask was replaced that does not take part");
    with_backlog_.erase(*at);
    *at = replacement;
  }
}

void Participants::on_backlog(const Speaker& from, bool is_backlog) {
  if (is_backlog)
    with_backlog_.insert(from);
  else
    with_backlog_.erase(from);
}

bool Participants::have_backlog() const {
  return std::any_of(all_.begin(), all_.end(),
                     [this](const Speaker& known) { return with_backlog_.contains(known); });
}

}  // namespace weir::checkpoint
