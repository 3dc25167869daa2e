// ChainTimers: the processing timers of a chain's operators, by the clock of its subtask.
//
// A processing timer for t fires when the wall clock shows a later millisecond than t: only then
// will nothing happen at t any more, just as an event timer waits until event time has passed it.
#pragma once

#include <weir/detail/operator.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment. What user code throws comes as UserError.
class ChainTimers {
public:
  /// `timers` must outlive this object.
  void add(std::string operator_name, detail::OperatorTimers& timers);
  /// Whether no operator has timers.
  bool empty() const { return all_.empty(); }

  /// Fires processing timers that are due at `now`, a few of each operator; returns whether any are
  /// left.
  bool fire_due(WallTime now);

  /// How long to wait before `fire_due` is worth a call; nothing: until another timer is set. Never
  /// much longer than a second: the wall clock may jump meanwhile.
  std::optional<Duration> until_due(WallTime now) const;

private:
  struct Named {
    std::string operator_name;
    detail::OperatorTimers* timers;
  };
  std::vector<Named> all_;
};

}  // namespace weir::runtime
