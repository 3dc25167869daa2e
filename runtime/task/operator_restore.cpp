#include "runtime/task/operator_restore.hpp"

#include "base/paths.hpp"
#include "state/operator_snapshot.hpp"

#include <utility>

namespace weir::runtime {
namespace {

Status read(const RestoreOrder& order, const OperatorStateShare& share,
            detail::OperatorState& into) {
  into.begin_restore();
  const state::OperatorStateHandle& handle = share.handle;
  if (handle.blocks.empty()) return {};
  if (handle.path.empty()) {
    state::StateReader reader{handle.inlined, "the state of " + handle.operator_name + " in " +
                                                  base::join_path(order.directory, "_metadata")};
    return state::read_elements(handle, share.first, share.count, reader, into);
  }
  const std::string path = base::join_path(order.directory, handle.path);
  auto file = order.env->open(path);
  if (!file.ok()) return file.status();
  state::StateReader reader{std::move(file).value(), path};
  return state::read_elements(handle, share.first, share.count, reader, into);
}

}  // namespace

Status read_operator_states(const RestoreOrder& order,
                            const std::vector<ChainOperatorState>& states) {
  for (const OperatorStateShare& share : order.restore.operators) {
    for (const ChainOperatorState& into : states) {
      if (into.operator_name != share.handle.operator_name ||
          into.state->spec().name != share.handle.name)
        continue;
      if (Status status = read(order, share, *into.state); !status.ok()) return status;
    }
  }
  return {};
}

}  // namespace weir::runtime
