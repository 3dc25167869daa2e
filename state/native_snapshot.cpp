#include "state/native_snapshot.hpp"

#include "base/checksum.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/paths.hpp"
#include "base/retry.hpp"
#include "state/backed_snapshot.hpp"
#include "state/migration.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::state {
namespace {

using detail::StoredFile;
using detail::StoreDirectory;
using detail::StoreFile;

/// Calls `take` with one piece after the other; returns the checksum of all.
template <class Take>
Result<std::uint32_t> read_pieces(ReadableFile& file, Take take) {
  std::uint32_t crc = 0;
  Status status = base::for_each_piece(file, [&](std::string_view bytes) {
    crc = base::crc32c(bytes, crc);
    return take(bytes);
  });
  if (!status.ok()) return status;
  return crc;
}

/// Files that RocksDB never changes once they are written.
bool is_immutable(const NativeFile& file) {
  return !file.path.empty() && file.name.ends_with(".sst");
}

/// Returns where those lie in a checkpoint.
detail::StoredFiles stored_in(const std::vector<NativeFile>& files, const std::string& directory) {
  detail::StoredFiles stored;
  for (const NativeFile& file : files) {
    if (is_immutable(file))
      stored[file.name] = {base::join_path(directory, file.path), file.size, file.crc};
  }
  return stored;
}

/// Copies what a store has written into a checkpoint.
class CopyWriter {
public:
  CopyWriter(detail::StoreCopy& copy, const NativePlace& place, detail::StoredFiles& known)
      : copy_{copy}, place_{place}, known_{known} {}

  Result<std::vector<NativeFile>> write(WrittenFiles& written) {
    written.resize(copy_.files.size());
    if (Status status = write_missing(written); !status.ok()) return status;
    std::vector<NativeFile> files;
    for (std::optional<NativeFile>& file : written) files.push_back(std::move(*file));
    known_ = stored_in(files, place_.directory);
    return files;
  }

private:
  Status write_missing(WrittenFiles& written) const {
    std::vector<Status> passing(written.size());  // of files that may go well the next time
    Status status = base::for_each_parallel(place_.pool, written.size(), [&](std::size_t i) {
      if (written[i]) return Status{};
      auto file = write(copy_.files[i]);
      if (file.ok()) written[i] = std::move(file).value();
      const bool may_pass = base::is_transient(file.status().code());
      if (may_pass) passing[i] = file.status();
      return may_pass ? Status{} : file.status();
    });
    if (!status.ok()) return status;
    const auto failed =
        std::find_if(passing.begin(), passing.end(), [](const Status& each) { return !each.ok(); });
    return failed == passing.end() ? Status{} : *failed;
  }

  Result<NativeFile> write(const StoreFile& from) const {
    NativeFile file{.name = from.name, .path = {}, .inlined = {}, .size = from.size};
    if (!from.is_immutable && from.size <= place_.inline_bytes) return read_inlined(file);
    file.path = place_.prefix + from.name;
    if (from.is_immutable && link(from, file)) return file;
    return write_file(file);
  }

  /// Returns whether the file lies in a checkpoint already, and has its name in this one now.
  bool link(const StoreFile& from, NativeFile& file) const {
    const auto known = known_.find(from.name);
    if (known == known_.end() || known->second.size != from.size) return false;
    const std::string to = base::join_path(place_.directory, file.path);
    if (!place_.env->link(known->second.path, to).ok()) return false;  // e.g. that one was deleted
    file.crc = known->second.crc;
    file.is_linked = true;
    return true;
  }

  Result<NativeFile> read_inlined(NativeFile& file) const {
    auto in = copy_.directory->open(file.name);
    if (!in.ok()) return in.status();
    const auto crc = read_pieces(**in, [&](std::string_view bytes) {
      file.inlined += bytes;
      return Status{};
    });
    if (!crc.ok()) return crc.status();
    file.crc = *crc;
    return std::move(file);
  }

  Result<NativeFile> write_file(NativeFile& file) const {
    auto in = copy_.directory->open(file.name);
    if (!in.ok()) return in.status();
    auto out = place_.env->create(base::join_path(place_.directory, file.path));
    if (!out.ok()) return out.status();
    const auto crc =
        read_pieces(**in, [&](std::string_view bytes) { return (*out)->append(bytes); });
    if (!crc.ok()) return crc.status();
    file.crc = *crc;
    if (Status status = (*out)->sync(); !status.ok()) return status;
    if (Status status = (*out)->close(); !status.ok()) return status;
    return std::move(file);
  }

  detail::StoreCopy& copy_;
  const NativePlace& place_;
  detail::StoredFiles& known_;
};

/// Calls `take` with the pieces of a file in a checkpoint, and compares its checksum.
template <class Take>
Status read_file(const NativeFile& file, Env& env, const std::string& directory, Take take) {
  if (file.path.empty()) return take(std::string_view{file.inlined});
  const std::string path = base::join_path(directory, file.path);
  auto in = env.open(path);
  if (!in.ok()) return in.status();
  const auto crc = read_pieces(**in, take);
  if (!crc.ok()) return crc.status();
  if (*crc == file.crc) return {};
  return {ErrorCode::corrupt, path + " is damaged: its checksum is wrong"};
}

/// Brings a file of a checkpoint to the local disk: as another name of it, where that is the same
/// disk, and it is read only to see whether it is undamaged.
Status fetch(const NativeFile& file, Env& env, const std::string& directory, StoreDirectory& into) {
  const bool is_linked =
      is_immutable(file) && into.link(base::join_path(directory, file.path), file.name);
  if (is_linked) return read_file(file, env, directory, [](std::string_view) { return Status{}; });
  auto out = into.create(file.name);
  if (!out.ok()) return out.status();
  Status status = read_file(file, env, directory,
                            [&](std::string_view bytes) { return (*out)->append(bytes); });
  return status.ok() ? (*out)->close() : status;
}

/// Brings the files of a handle to the local disk.
Status fetch(const KeyedStateHandle& handle, const NativeSource& from, StoreDirectory& into) {
  return base::for_each_parallel(from.pool, handle.files.size(), [&](std::size_t i) {
    return fetch(handle.files[i], *from.env, from.directory, into);
  });
}

/// Compares files on the local disk with those that the checkpoint has.
Status verify_local(const KeyedStateHandle& handle, const NativeSource& from) {
  return base::for_each_parallel(from.pool, handle.files.size(), [&](std::size_t i) {
    const NativeFile& file = handle.files[i];
    auto in = from.local->open(file.name);
    if (!in.ok()) return in.status();
    const auto crc = read_pieces(**in, [](std::string_view) { return Status{}; });
    if (!crc.ok() || *crc == file.crc) return crc.status();
    return Status{ErrorCode::corrupt, "the local copy of " + file.name + " is damaged"};
  });
}

/// Returns a directory with the files of a handle that belongs to the caller.
Result<std::unique_ptr<StoreDirectory>> bring(const KeyedStateHandle& handle,
                                              const NativeSource& source,
                                              detail::StateBackend& backend) {
  if (source.local != nullptr) {
    if (Status status = verify_local(handle, source); !status.ok()) return status;
    return backend.clone(*source.local, handle.operator_name);
  }
  auto files = backend.make_directory(handle.operator_name);
  Status status = fetch(handle, source, *files);
  if (!status.ok()) return status;
  return files;
}

std::vector<detail::StoreColumn> columns_of(const KeyedStateHandle& handle) {
  std::vector<detail::StoreColumn> columns;
  for (const StateDescription& state : handle.states)
    columns.push_back({state.kind == detail::StateKind::list, state.schema});
  return columns;
}

/// Whether the files of a handle hold what those of the state would.
bool has_same_states(const KeyedStateHandle& handle, const detail::KeyedState& state) {
  return std::equal(handle.states.begin(), handle.states.end(), state.specs().begin(),
                    state.specs().end(), [](const StateDescription& written, const auto& spec) {
                      return written.name == spec.name && !migration_of(written.schema, *spec.type);
                    });
}

/// Makes files the store of `into`.
void adopt(const KeyedStateHandle& handle, const std::string& directory,
           std::unique_ptr<StoreDirectory> files, detail::KeyedState& into) {
  detail::BackedRows& rows = *into.backed();
  rows.store().adopt(std::move(files));
  rows.stored_files() = stored_in(handle.files, directory);
  const detail::KeyGroupRange range = into.table().range();
  const bool has_others =
      std::any_of(handle.groups.begin(), handle.groups.end(),
                  [&](const GroupSlice& slice) { return !range.contains(slice.group); });
  if (has_others)
    rows.store().keep(detail::store_prefix(range.begin), detail::store_prefix(range.end));
}

}  // namespace

Result<KeyedStateHandle> write_copy(const KeyedStateInfo& info, detail::StoreCopy& copy,
                                    const NativePlace& place, detail::StoredFiles& known,
                                    WrittenFiles& written) {
  KeyedStateHandle handle = empty_handle(info);
  auto files = CopyWriter{copy, place, known}.write(written);
  if (!files.ok()) return files.status();
  handle.files = std::move(files).value();
  for (std::uint32_t group = place.range.begin; group < place.range.end; ++group)
    handle.groups.push_back({group, 0, 0});
  return handle;
}

std::string native_place(const KeyedStateHandle& handle, const std::string& directory) {
  for (const NativeFile& file : handle.files) {
    if (!file.path.empty())
      return base::join_path(directory, file.path.substr(0, file.path.size() - file.name.size()));
  }
  return directory;
}

Status read_copy(const KeyedStateHandle& handle, const NativeSource& source,
                 detail::StateBackend& backend, detail::KeyedState& into, bool is_first) {
  try {
    auto files = bring(handle, source, backend);
    if (!files.ok()) return files.status();
    if (is_first && into.backed() != nullptr && has_same_states(handle, into)) {
      adopt(handle, source.directory, std::move(files).value(), into);
      return {};
    }
    const auto view = backend.read(std::move(files).value(), columns_of(handle));
    return read_view(handle, *view, into);
  } catch (const detail::StoreError& error) {
    return {ErrorCode::unavailable, error.what()};
  }
}

Result<KeyedStateHandle> write_as_rows(const KeyedStateHandle& handle, Env& env,
                                       const std::string& directory, detail::StateBackend& backend,
                                       StateFile& file) {
  try {
    auto files = bring(handle, {&env, directory}, backend);
    if (!files.ok()) return files.status();
    const auto view = backend.read(std::move(files).value(), columns_of(handle));
    return write_view(info_of(handle), *view, file);
  } catch (const detail::StoreError& error) {
    return Status{ErrorCode::unavailable, error.what()};
  }
}

Status verify_files(const KeyedStateHandle& handle, Env& env, const std::string& directory) {
  for (const NativeFile& file : handle.files) {
    const Status status =
        read_file(file, env, directory, [](std::string_view) { return Status{}; });
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace weir::state
