#include "runtime/task/source_input.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::runtime {

SourceInput::SourceInput(const SourceOptions& options, const SourceContext& context, Chain& chain,
                         SubtaskPort& port)
    : options_{options}, context_{context}, chain_{chain}, port_{port} {
  if (const auto* origin = chain_.time().aligned().origin) pace_.emplace(*origin->alignment());
}

void SourceInput::assign(std::vector<state::SplitPosition> splits, bool no_more) {
  if (is_drained_) return;
  for (state::SplitPosition& split : splits) queue_.push_back(std::move(split));
  no_more_ = no_more_ || no_more;
  has_requested_ = false;
}

Result<InputStep> SourceInput::step() {
  if (is_drained_) return end();
  // Finite splits are read one after the other, endless ones side by side.
  const bool open_all = options_.assignment == Assignment::spread;
  while (!queue_.empty() && (open_all || open_.empty())) {
    if (Status status = open_next(); !status.ok()) return status;
  }
  request_splits();
  if (open_.empty()) return no_more_ ? end() : InputStep{};
  for (std::size_t tried = 0; tried < open_.size(); ++tried) {
    const std::size_t index = turn_++ % open_.size();
    if (!can_read(index)) continue;
    poll(index);
    report_backlog();
    port_.processed(records());
    return InputStep{.kind = InputStep::Kind::worked};
  }
  flush();
  tell_time();
  return wait();
}

/// Those that are too far ahead wait for what their group says.
InputStep SourceInput::wait() {
  InputStep step;
  for (const Open& open : open_) {
    if (open.is_held || (step.kind == InputStep::Kind::wait && open.wake_at >= step.wake_at))
      continue;
    step.kind = InputStep::Kind::wait;
    step.wake_at = open.wake_at;
  }
  return step;
}

InputStep SourceInput::end() {
  if (std::exchange(has_ended_, true)) return {};
  flush();
  tell_time();
  return {.kind = InputStep::Kind::ended};
}

/// What is read from now on is of this split: whoever tells the time by each has to know.
void SourceInput::select(std::size_t index) {
  const auto& origins = chain_.time().of_splits();
  if (origins.empty() || selected_ == index) return;
  if (selected_) flush();
  selected_ = index;
  for (detail::TimeOrigin* origin : origins) origin->select_split(index);
}

void SourceInput::close(std::size_t index) {
  const auto& origins = chain_.time().of_splits();
  if (!origins.empty()) flush();
  selected_.reset();
  for (detail::TimeOrigin* origin : origins) origin->close_split(index);
  chain_.source()->close(index);
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
}

/// Whether a split may have something, and is not too far ahead of others.
bool SourceInput::can_read(std::size_t index) {
  Open& open = open_[index];
  if (open.wake_at > port_.now()) return false;
  if (!pace_) return true;
  const ChainTime::Aligned& times = chain_.time().aligned();
  const bool is_held =
      pace_->holds(call_user_code(times.name, [&] { return times.origin->split_time(index); }));
  if (std::exchange(open.is_held, is_held) != is_held) times.origin->hold_split(index, is_held);
  return !is_held;
}

/// Polls a split until it has filled a batch, has nothing now or has ended.
void SourceInput::poll(std::size_t index) {
  constexpr int kPollsMax = 1024;  // a reader that emits nothing must still end its turn
  select(index);
  detail::SplitHost& host = *chain_.source();
  const std::uint64_t flushes = host.flushes();
  for (int i = 0; i < kPollsMax && host.flushes() == flushes; ++i) {
    const Poll result = call_user_code(chain_.head_name(), [&] {
      const Poll polled = host.poll(index);
      open_[index].is_backlog = host.is_backlog(index);
      return polled;
    });
    if (const auto* later = std::get_if<Later>(&result)) {
      open_[index].wake_at = port_.now() + later->after;
      return;
    }
    if (std::holds_alternative<End>(result)) {
      close(index);
      return;
    }
  }
}

/// Says so when it begins to read a backlog, or has read it.
void SourceInput::report_backlog() {
  const bool has_backlog =
      std::any_of(open_.begin(), open_.end(), [](const Open& open) { return open.is_backlog; });
  if (std::exchange(has_backlog_, has_backlog) != has_backlog) port_.reads_backlog(has_backlog);
}

void SourceInput::on_group_time(Timestamp least) {
  if (pace_) pace_->on_group_time(least);
}

void SourceInput::tell_time_if_due() {
  if (!pace_) return;
  const auto due = pace_->tells_at();
  if (!due || *due <= port_.now()) tell_time();
}

/// Tells the group how far it is, if it has something to tell.
void SourceInput::tell_time() {
  if (!pace_) return;
  std::optional<SourceTime> time;
  if (open_.empty() || is_drained_) {
    time = pace_->tell(is_drained_ || has_ended_, port_.now());
  } else {
    const ChainTime::Aligned& times = chain_.time().aligned();
    std::vector<detail::Watermark> splits;
    call_user_code(times.name, [&] {
      for (std::size_t i = 0; i < open_.size(); ++i) splits.push_back(times.origin->split_time(i));
    });
    time = pace_->tell(splits, port_.now());
  }
  if (time) port_.tell_time(*time);
}

void SourceInput::flush() {
  call_user_code(chain_.head_name(), [this] { chain_.source()->flush(); });
}

std::vector<state::SplitPosition> SourceInput::positions() const {
  std::vector<state::SplitPosition> positions;
  call_user_code(chain_.head_name(), [&] {
    for (std::size_t i = 0; i < open_.size(); ++i)
      positions.push_back({open_[i].split, chain_.source()->position(i)});
  });
  positions.insert(positions.end(), queue_.begin(), queue_.end());
  return positions;
}

Status SourceInput::open_next() {
  const state::SplitPosition next = std::move(queue_.front());
  queue_.pop_front();
  Status status = call_user_code(chain_.head_name(), [&] {
    return chain_.source()->open(next.split, next.position, context_);
  });
  if (!status.ok()) return status;
  open_.push_back({next.split, Duration{}});
  for (detail::TimeOrigin* origin : chain_.time().of_splits()) origin->open_split();
  return {};
}

/// Asks for more splits when the last one is begun, so that they are here when it ends.
void SourceInput::request_splits() {
  if (no_more_ || has_requested_ || !queue_.empty()) return;
  has_requested_ = true;
  port_.request_splits();
}

}  // namespace weir::runtime
