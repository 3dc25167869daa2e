#include "runtime/library/library_shelf.hpp"

#include "base/sha256.hpp"

namespace weir::runtime {

Result<std::shared_ptr<const base::SealedFile>> LibraryShelf::find(const std::string& hash) {
  if (!base::is_sha256(hash))
    return Status{ErrorCode::invalid_argument, "\"" + hash + "\" is no name of a library"};
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = files_.find(hash); found != files_.end()) return found->second;
  }
  const auto bytes = cache_->read(hash);
  if (bytes.ok()) return keep(hash, *bytes);
  if (bytes.status().code() == ErrorCode::corrupt)
    log_.warn("a library is damaged, and is fetched again", {{"error", bytes.status().message()}});
  else if (bytes.status().code() != ErrorCode::not_found)
    return bytes.status();
  return Status{ErrorCode::not_found,
                "library " + hash + " is not in " + directory() + "; submit the job again"};
}

Status LibraryShelf::add(const std::string& hash, const Bytes& bytes) {
  if (find(hash).ok()) return {};
  if (base::sha256(bytes) != hash)
    return {ErrorCode::corrupt, "what came as library " + hash + " has another hash"};
  if (Status status = cache_->store(hash, bytes); !status.ok()) return status;
  return keep(hash, bytes).status();
}

Result<LibraryPart> LibraryShelf::part(const std::string& hash, std::uint64_t offset) {
  const auto file = find(hash);
  if (!file.ok()) return file.status();
  auto bytes = (*file)->read(offset, kLibraryPartBytes);
  if (!bytes.ok()) return bytes.status();
  return LibraryPart{(*file)->size(), std::move(bytes).value()};
}

/// Whoever is first keeps it: the others take that one.
Result<std::shared_ptr<const base::SealedFile>> LibraryShelf::keep(const std::string& hash,
                                                                   const Bytes& bytes) {
  auto file = base::SealedFile::create("weir-job-" + hash.substr(0, 12) + ".so", bytes);
  if (!file.ok()) return file.status();
  const std::lock_guard lock{mutex_};
  return files_.emplace(hash, std::move(file).value()).first->second;
}

}  // namespace weir::runtime
