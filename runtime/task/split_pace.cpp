#include "runtime/task/split_pace.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace weir::runtime {

void SplitPace::on_group_time(Timestamp least) {
  limit_ = least > Timestamp::max() - max_drift_ ? Timestamp::max() : least + max_drift_;
}

std::optional<SourceTime> SplitPace::tell(const std::vector<detail::Watermark>& splits,
                                          Duration now) {
  WEIR_ASSERT(!splits.empty(), "a subtask without splits has no time to tell");
  SourceTime as_it_is{.time = Timestamp::max(), .counts = false, .waits = true};
  for (const detail::Watermark& split : splits) {
    if (split.is_idle) continue;
    as_it_is.counts = true;
    as_it_is.time = std::min(as_it_is.time, split.time);
    as_it_is.waits = as_it_is.waits && holds(split);
  }
  if (!as_it_is.counts) as_it_is = {.counts = false};
  if (told_) as_it_is.time = std::max(as_it_is.time, told_->time);
  return tell(as_it_is, now);
}

std::optional<SourceTime> SplitPace::tell(bool has_ended, Duration now) {
  if (!has_ended && !told_) return std::nullopt;  // it does not know what it will read
  SourceTime as_it_is = told_.value_or(SourceTime{});
  as_it_is.waits = false;
  if (has_ended) as_it_is.counts = false;
  return tell(as_it_is, now);
}

std::optional<SourceTime> SplitPace::tell(const SourceTime& as_it_is, Duration now) {
  const bool has_come_to_stand =
      as_it_is.waits && told_ && (!told_->waits || as_it_is.time != told_->time);
  if (told_ && as_it_is.counts == told_->counts && !has_come_to_stand && now < *tells_at())
    return std::nullopt;
  told_ = as_it_is;
  told_at_ = now;
  return as_it_is;
}

std::optional<Duration> SplitPace::tells_at() const {
  return told_ ? std::optional{told_at_ + every_} : std::nullopt;
}

}  // namespace weir::runtime
