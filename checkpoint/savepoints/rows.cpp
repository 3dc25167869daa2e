#include "checkpoint/savepoints/rows.hpp"

#include "base/paths.hpp"
#include "checkpoint/storage.hpp"

#include <utility>

namespace weir::savepoints {

Result<Opened> open_savepoint(Env& env, const std::string& path) {
  const std::string plain = checkpoint::strip_scheme(path);
  auto metadata = checkpoint::CheckpointStorage::load(env, plain);
  if (!metadata.ok())
    return metadata.status().with_context(plain + " is no usable checkpoint or savepoint");
  const bool names_file = base::name_of(plain) == "_metadata";
  return Opened{names_file ? base::parent_of(plain) : plain, std::move(metadata).value()};
}

Result<HandleRows> open_rows(Env& env, const std::string& directory,
                             const state::KeyedStateHandle& handle) {
  if (handle.is_native() || handle.has_log()) {
    auto scratch = std::make_unique<Scratch>();
    auto rows = scratch->rows_of(handle, env, directory);
    if (!rows.ok()) return rows.status();
    Scratch::Rows opened = std::move(rows).value();
    return HandleRows{std::move(scratch), std::move(opened.handle), std::move(opened.reader)};
  }
  if (handle.path.empty()) {
    const std::string name =
        base::join_path(directory, "_metadata") + " (state of " + handle.operator_name + ")";
    return HandleRows{nullptr, handle, state::StateReader{handle.inlined, name}};
  }
  const std::string path = base::join_path(directory, handle.path);
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  return HandleRows{nullptr, handle, state::StateReader{std::move(file).value(), path}};
}

Status finish_rows(state::StateFile& file, const std::string& name,
                   state::KeyedStateHandle& handle) {
  if (Status status = file.finish(); !status.ok()) return status;
  if (file.is_inlined())
    handle.inlined = file.take_inlined();
  else
    handle.path = name;
  return {};
}

}  // namespace weir::savepoints
