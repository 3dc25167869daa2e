#include "cli/loaded_library.hpp"

#include "runtime/library/library_image.hpp"

#include <dlfcn.h>

#include <bit>
#include <mutex>
#include <string>
#include <vector>

namespace weir::cli {
namespace {

/// The loader knows a file by its path, which is the number of an open file: a path must not be
/// that of another file as long as the process lives.
void keep_for_ever(std::shared_ptr<const base::SealedFile> file) {
  static std::mutex mutex;
  static auto* const files = new std::vector<std::shared_ptr<const base::SealedFile>>;
  const std::lock_guard lock{mutex};
  files->push_back(std::move(file));
}

Status cannot_load(const std::string& why) {
  return {ErrorCode::failed_precondition,
          "the job's library cannot be loaded: " + why +
              "; what it needs must be on all machines of the cluster"};
}

}  // namespace

Result<LoadedLibrary> LoadedLibrary::load(std::shared_ptr<const base::SealedFile> file) {
  const auto image = file->read(0, static_cast<std::size_t>(file->size()));
  if (!image.ok()) return image.status();
  if (Status status = runtime::check_image(*image); !status.ok())
    return status.with_context("the job's library");
  const std::string path = file->path();
  keep_for_ever(std::move(file));
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot_load(::dlerror());
  void* const open = ::dlsym(library, "weir_open_job");
  if (open == nullptr) return cannot_load(::dlerror());
  return LoadedLibrary{std::bit_cast<Open>(open)};
}

std::unique_ptr<detail::LoadedProgram> LoadedLibrary::open() const {
  return std::unique_ptr<detail::LoadedProgram>{open_()};
}

}  // namespace weir::cli
