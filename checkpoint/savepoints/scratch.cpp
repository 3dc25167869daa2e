#include "checkpoint/savepoints/scratch.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"
#include "state/native_snapshot.hpp"
#include "state/row_log.hpp"

#include <cstdlib>
#include <utility>

namespace weir::savepoints {
namespace {

std::string pattern() {
  const char* directory = std::getenv("TMPDIR");
  return base::join_path(directory != nullptr ? directory : "/tmp", "weir-XXXXXX");
}

}  // namespace

Scratch::Scratch(std::size_t memory)
    : path_{pattern()},
      backend_{{.memory = memory},
               state::make_rocksdb_memory({.memory = memory}),
               [this](std::string_view) -> Result<std::string> { return new_path(); }} {
  if (::mkdtemp(path_.data()) == nullptr) path_.clear();
}

Scratch::~Scratch() {
  if (!path_.empty()) (void)base::remove_tree(Env::posix(), path_);
}

std::string Scratch::new_path() {
  return base::join_path(path_, std::to_string(++given_out_));
}

Status Scratch::status() const {
  if (!path_.empty()) return {};
  return {ErrorCode::unavailable, "no directory can be made at " + pattern() +
                                      ": TMPDIR names another place, with room for a copy of "
                                      "the state"};
}

Result<Scratch::Rows> Scratch::rows_of(const state::KeyedStateHandle& handle, Env& env,
                                       const std::string& directory) {
  if (Status room = status(); !room.ok()) return room;
  const std::string path = new_path();
  state::StateFile rows{Env::posix(), path, 0};
  auto written = handle.has_log() ? state::write_logged_rows(handle, env, directory, rows)
                                  : state::write_as_rows(handle, env, directory, backend_, rows);
  if (!written.ok()) return written.status();
  if (Status status = rows.finish(); !status.ok()) return status;
  if (rows.is_inlined())
    return Rows{std::move(written).value(), state::StateReader{std::string_view{}, path}};
  auto file = Env::posix().open(path);
  if (!file.ok()) return file.status();
  return Rows{std::move(written).value(), state::StateReader{std::move(file).value(), path}};
}

}  // namespace weir::savepoints
