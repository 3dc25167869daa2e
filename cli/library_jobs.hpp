// LibraryJobs: builds jobs out of libraries, for a process of a cluster that has no job of its own.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "cli/command_line.hpp"
#include "cli/loaded_library.hpp"
#include "runtime/library/library_shelf.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace weir::cli {

enum class ClusterRole : std::uint8_t { coordinator, worker };

/// See the file comment.
class LibraryJobs final : public actors::JobFactory {
public:
  /// Opens the place where libraries are kept, as the options of a coordinator or worker say.
  /// Errors name the directory. `log` must outlive the object.
  static Result<std::unique_ptr<LibraryJobs>> open(ClusterRole role, const Invocation& invocation,
                                                   base::Logger& log);

  Result<Job> build(const actors::JobSpec& spec) override;
  runtime::LibraryShelf* libraries() override { return shelf_.get(); }

private:
  LibraryJobs() = default;
  Result<LoadedLibrary> load(const std::string& hash);

  std::unique_ptr<runtime::LibraryShelf> shelf_;  // or
  std::string refusal_;                           // why no library is loaded
  base::Logger* log_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, LoadedLibrary> loaded_;  // by hash; guarded by mutex_
};

}  // namespace weir::cli
