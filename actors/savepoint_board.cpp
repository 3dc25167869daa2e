#include "actors/savepoint_board.hpp"

namespace weir::actors {

std::string SavepointBoard::begin() {
  const std::lock_guard lock{mutex_};
  return std::to_string(++asked_);
}

void SavepointBoard::on_answer(const SavepointAnswer& answer) {
  {
    const std::lock_guard lock{mutex_};
    answers_.emplace(answer.ticket, answer.result());
  }
  changed_.notify_all();
}

void SavepointBoard::on_end() {
  {
    const std::lock_guard lock{mutex_};
    has_ended_ = true;
  }
  changed_.notify_all();
}

std::optional<Result<std::string>> SavepointBoard::answer(const std::string& ticket) const {
  const std::lock_guard lock{mutex_};
  if (const auto at = answers_.find(ticket); at != answers_.end()) return at->second;
  if (has_ended_)
    return Result<std::string>{
        Status{ErrorCode::failed_precondition, "the job has ended: there is nothing to save"}};
  return std::nullopt;
}

Result<std::string> SavepointBoard::wait(const std::string& ticket) const {
  for (;;) {
    if (auto found = answer(ticket)) return *found;
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return has_ended_ || answers_.contains(ticket); });
  }
}

}  // namespace weir::actors
