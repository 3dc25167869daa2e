#include "runtime/task/state_restore.hpp"

#include "base/paths.hpp"
#include "state/keyed_snapshot.hpp"

#include <utility>

namespace weir::runtime {
namespace {

Status read_handle(Env& env, const state::KeyedStateHandle& handle, const std::string& directory,
                   detail::KeyedState& into) {
  if (handle.path.empty()) {
    const std::string place = "the state of " + handle.operator_name + " in " + directory;
    state::StateReader reader{handle.inlined, place + "/_metadata"};
    return state::read_rows(handle, reader, into);
  }
  const std::string path = base::join_path(directory, handle.path);
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  state::StateReader reader{std::move(file).value(), path};
  return state::read_rows(handle, reader, into);
}

}  // namespace

Status read_state(Env& env, const SubtaskRestore& restore, const std::string& directory,
                  const std::vector<ChainState>& states) {
  for (const state::KeyedStateHandle& handle : restore.keyed) {
    for (const ChainState& into : states) {
      if (into.operator_name != handle.operator_name) continue;
      if (Status status = read_handle(env, handle, directory, *into.state); !status.ok())
        return status;
    }
  }
  return {};
}

}  // namespace weir::runtime
