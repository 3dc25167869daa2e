#include "checkpoint/retention.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {

Retention::Retention(int count, std::vector<CheckpointId> retained, std::string claimed)
    : count_{static_cast<std::size_t>(count)},
      retained_{std::move(retained)},
      claimed_{std::move(claimed)} {
  WEIR_ASSERT(count >= 1, "a job that keeps no checkpoint could not restart");
}

Retention::Replaced Retention::on_completed(CheckpointId id) {
  Replaced replaced;
  last_completed_ = std::max(last_completed_, std::optional{id});
  retained_.insert(std::upper_bound(retained_.begin(), retained_.end(), id), id);
  if (retained_.size() >= count_) replaced.claimed = std::exchange(claimed_, {});
  while (retained_.size() > count_) {
    replaced.checkpoints.push_back(retained_.front());
    retained_.erase(retained_.begin());
  }
  while (!undecided_.empty() && *undecided_.begin() < id)
    replaced.checkpoints.push_back(undecided_.extract(undecided_.begin()).value());
  return replaced;
}

bool Retention::keeps(CheckpointId id) const {
  return undecided_.contains(id) || std::binary_search(retained_.begin(), retained_.end(), id);
}

}  // namespace weir::checkpoint
