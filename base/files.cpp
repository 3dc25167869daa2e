#include "base/files.hpp"

#include "base/paths.hpp"

namespace weir::base {

Result<Bytes> read_file(Env& env, const std::string& path) {
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  auto info = env.stat(path);
  if (!info.ok()) return info.status();
  // A hint only: what was opened may have been replaced since.
  Bytes bytes(info->size_bytes + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    auto n = (*file)->read(size, bytes.data() + size, bytes.size() - size);
    if (!n.ok()) return n.status();
    if (*n == 0) break;
    size += *n;
    if (size == bytes.size()) bytes.resize(2 * size);
  }
  bytes.resize(size);
  return bytes;
}

Status for_each_piece(ReadableFile& file, const std::function<Status(std::string_view)>& take) {
  constexpr std::size_t kPieceBytes = 256 << 10;
  std::string piece(kPieceBytes, '\0');
  for (std::uint64_t offset = 0;;) {
    const auto size = file.read(offset, piece.data(), piece.size());
    if (!size.ok()) return size.status();
    if (*size == 0) return {};
    if (Status status = take({piece.data(), *size}); !status.ok()) return status;
    offset += *size;
  }
}

Status append_all(ReadableFile& from, WritableFile& to) {
  return for_each_piece(from, [&](std::string_view bytes) { return to.append(bytes); });
}

Status replace_file(Env& env, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  auto file = env.create(temporary);
  if (!file.ok()) return file.status();
  Status status = (*file)->append(bytes);
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) status = (*file)->close();
  if (status.ok()) status = env.rename(temporary, path);
  if (!status.ok()) {
    (void)env.remove_file(temporary);  // best effort: the error to report is the first one
    return status;
  }
  status = env.sync_directory(parent_of(path));
  if (status.ok()) return {};
  return {ErrorCode::unknown_outcome, status.message()};
}

Status remove_tree(Env& env, const std::string& path) {
  // Somebody else may remove the same, or a part of it, at any moment.
  const auto unless_gone = [](Status status) {
    return status.code() == ErrorCode::not_found ? Status{} : status;
  };
  auto info = env.stat(path);
  if (!info.ok()) return unless_gone(info.status());
  if (!info->is_directory) return unless_gone(env.remove_file(path));
  auto entries = env.list(path);
  if (!entries.ok()) return unless_gone(entries.status());
  for (const auto& entry : *entries) {
    const std::string child = join_path(path, entry.name);
    Status status =
        entry.is_directory ? remove_tree(env, child) : unless_gone(env.remove_file(child));
    if (!status.ok()) return status;
  }
  return unless_gone(env.remove_directory(path));
}

Status create_durable_directories(Env& env, const std::string& directory) {
  if (auto info = env.stat(directory); info.ok() && info->is_directory) return {};
  const std::string parent = parent_of(directory);
  if (parent != directory && parent != ".") {
    if (Status status = create_durable_directories(env, parent); !status.ok()) return status;
  }
  if (Status status = env.create_directories(directory); !status.ok()) return status;
  Status synced = env.sync_directory(parent);
  // Whoever tries again would find it there, and take it for safe.
  if (!synced.ok()) (void)env.remove_directory(directory);
  return synced;
}

}  // namespace weir::base
