#include "runtime/task/subtask_restore.hpp"

#include "runtime/task/operator_restore.hpp"

#include <utility>

namespace weir::runtime {

Result<Restored> restore_subtask(const RestoreOrder& order, const Plan& plan, SubtaskId id,
                                 const Subtask& subtask) {
  if (Status status = read_operator_states(order, subtask.operator_states()); !status.ok())
    return status;
  auto channels = read_channels(order, plan, id);
  if (!channels.ok()) return channels.status();
  const auto from = read_state(order, subtask.states());
  if (!from.ok()) return from.status();
  return Restored{*from, std::move(channels).value()};
}

}  // namespace weir::runtime
