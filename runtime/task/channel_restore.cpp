#include "runtime/task/channel_restore.hpp"

#include "state/channel_state.hpp"

#include <utility>

namespace weir::runtime {
Result<std::vector<RecoveredBatch>> read_channels(const RestoreOrder& order, const Plan& plan,
                                                  SubtaskId subtask) {
  const auto range = detail::range_of_subtask(
      subtask.index, plan.vertex(subtask.vertex).parallelism, plan.max_parallelism());
  std::vector<RecoveredBatch> batches;
  for (const ChannelShare& share : order.restore.channels) {
    auto reader = state::open_batches(*order.env, order.directory, share.handle);
    if (!reader.ok()) return reader.status();
    const detail::EdgeType& type =
        share.edge ? *plan.edges()[*share.edge].type : *plan.op(share.to).inputs[0].type;
    const Status status =
        state::for_each_batch(share.handle, *reader, [&](std::string_view bytes) -> Status {
          detail::BatchRef batch = type.decode(bytes);
          if (!batch)
            return {ErrorCode::corrupt,
                    "holds a batch on \"" + share.handle.edge + "\" that cannot be decoded"};
          if (share.drops_others) type.keep_groups(*batch, range, plan.max_parallelism());
          if (batch->size() != 0) batches.push_back({share.to, share.edge, std::move(batch)});
          return {};
        });
    if (!status.ok()) return status;
  }
  return batches;
}

}  // namespace weir::runtime
