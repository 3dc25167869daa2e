// Which sessions a new one meets or touches. Pure.
#pragma once

#include <weir/windows.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::detail {

/// The session that a record makes of those there are.
struct MergedSession {
  Window window;
  std::vector<Timestamp> starts = {};  // of those that it takes in, ascending
};

/// Finds it for a record that alone would be the session `own`. `sessions` are an ordered map, by
/// start, of what has an `end`; no two of them meet or touch. `visit(start, session)` sees those
/// that it takes in.
template <class Sessions, class F>
MergedSession merge_sessions(const Sessions& sessions, const Window& own, const F& visit) {
  MergedSession merged{own};
  for (auto next = sessions.upper_bound(own.end); next != sessions.begin();) {
    const auto& [start, session] = *--next;
    if (session.end < own.start) break;
    merged.window = {std::min(merged.window.start, start),
                     std::max(merged.window.end, session.end)};
    merged.starts.push_back(start);
    visit(start, session);
  }
  std::reverse(merged.starts.begin(), merged.starts.end());
  return merged;
}

/// Returns the session of one record. Throws std::out_of_range if it would not end.
inline Window session_of(Timestamp time, std::chrono::milliseconds gap) {
  if (time > Timestamp::max() - gap)
    throw std::out_of_range{"a session that begins " +
                            std::to_string(time.time_since_epoch().count()) +
                            " ms after 1970 would not end; is the time of its record right?"};
  return {time, time + gap};
}

}  // namespace weir::detail
