#include "cli/library_jobs.hpp"

#include "base/paths.hpp"
#include "base/text.hpp"
#include "cli/cluster_settings.hpp"
#include "cli/program_jobs.hpp"
#include "cli/run_id.hpp"
#include "runtime/ha/directory_store.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <utility>

namespace weir::cli {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where a user's programs keep what they can get again.
std::string cache_directory() {
  if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with("/"))
    return base::join_path(cache, "weir/libraries");
  if (const std::string home = variable("HOME"); home.starts_with("/") && home.size() > 1)
    return base::join_path(home, ".cache/weir/libraries");
  return "/var/tmp/weir-libraries-" + std::to_string(::getuid());
}

/// Where libraries go; "" if nobody would find them who takes over from this coordinator.
Result<std::string> directory_of(ClusterRole role, const ClusterSettings& settings) {
  const runtime::HaOptions& ha = settings.ha;
  if (role == ClusterRole::coordinator && ha.type != runtime::HaOptions::Type::none) {
    if (ha.storage.empty()) return std::string{};
    if (Status status = runtime::check_storage(Env::posix(), ha.storage); !status.ok())
      return status;
    return base::join_path(base::join_path(ha.storage, ha.cluster_id), "libraries");
  }
  const std::string& directory = settings.cluster.libraries.directory;
  return directory.empty() ? cache_directory() : directory;
}

}  // namespace

Result<std::unique_ptr<LibraryJobs>> LibraryJobs::open(ClusterRole role,
                                                       const Invocation& invocation,
                                                       base::Logger& log) {
  auto settings = cluster_settings(invocation);
  if (!settings.ok()) return settings.status();
  const runtime::LibraryOptions& options = settings->cluster.libraries;
  std::unique_ptr<LibraryJobs> jobs{new LibraryJobs};
  jobs->log_ = &log;
  const auto directory = directory_of(role, *settings);
  if (!directory.ok()) return directory.status();
  if (!options.are_allowed)
    jobs->refusal_ = "weir.jobs.allow-libraries is false";
  else if (directory->empty())
    jobs->refusal_ =
        "libraries of jobs must outlive its coordinator: set high-availability.storageDir to a "
        "directory that all coordinators share";
  if (!jobs->refusal_.empty()) return jobs;
  auto cache = runtime::LibraryCache::open(Env::posix(), *directory, new_run_id());
  if (!cache.ok()) return cache.status();
  jobs->shelf_ =
      std::make_unique<runtime::LibraryShelf>(std::move(cache).value(), options.max_bytes, log);
  return jobs;
}

Result<Job> LibraryJobs::build(const actors::JobSpec& spec) {
  if (spec.library.empty())
    return Status{ErrorCode::failed_precondition,
                  "the cluster has no program of a job; submit a library of the job with `weir "
                  "submit --library FILE`"};
  if (shelf_ == nullptr)
    return Status{ErrorCode::failed_precondition, "the cluster takes no libraries: " + refusal_};
  const auto library = load(spec.library);
  if (!library.ok()) return library.status();
  try {
    const auto program = library->open();
    return build_job(
        program->flags(), [&] { return program->build(); }, spec);
  } catch (const std::exception& error) {
    return Status{ErrorCode::internal, std::string{"the job could not be built: "} + error.what()};
  }
}

Result<LoadedLibrary> LibraryJobs::load(const std::string& hash) {
  const std::lock_guard lock{mutex_};
  if (const auto known = loaded_.find(hash); known != loaded_.end()) return known->second;
  auto file = shelf_->find(hash);
  if (!file.ok()) return file.status();
  const std::uint64_t size = (*file)->size();
  auto library = LoadedLibrary::load(std::move(file).value());
  if (!library.ok()) return library.status();
  loaded_.emplace(hash, *library);
  log_->info("library of a job loaded",
             {{"library", hash}, {"size", base::format_size(size)}, {"loaded", loaded_.size()}});
  return library;
}

}  // namespace weir::cli
