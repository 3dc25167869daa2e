#include "actors/view_board.hpp"

namespace weir::actors {

void ViewBoard::on_view(const runtime::JobView& view) {
  {
    const std::lock_guard lock{mutex_};
    view_ = view;
    ++changes_;
  }
  changed_.notify_all();
}

runtime::JobView ViewBoard::view() const {
  const std::lock_guard lock{mutex_};
  return view_;
}

std::uint64_t ViewBoard::wait_for_change(std::uint64_t seen, Duration limit) const {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, limit, [&] { return changes_ != seen; });
  return changes_;
}

runtime::JobOutcome ViewBoard::wait_for_outcome() const {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return view_.outcome.has_value(); });
  return *view_.outcome;
}

}  // namespace weir::actors
