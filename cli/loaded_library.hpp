// LoadedLibrary: the library of a job, as code of this process.
#pragma once

#include "base/sealed_file.hpp"

#include <weir/program.hpp>
#include <weir/result.hpp>

#include <memory>

namespace weir::cli {

/// See the file comment. It stays until the process ends, also when the object goes: whatever was
/// made by its code may outlive a job for a moment - records in mailboxes, exceptions, thread-local
/// objects - and code that is gone ends the process. What it costs is its memory.
class LoadedLibrary {
public:
  /// Loads the content of a file that nobody can change. It sees the engine of this process and
  /// nothing of other libraries. `invalid_argument` if it is no library of a job,
  /// `failed_precondition` if it was made for another engine, or needs what is not there.
  static Result<LoadedLibrary> load(std::shared_ptr<const base::SealedFile> file);

  /// Makes a program, whose flags have their defaults. Throws what user code throws.
  std::unique_ptr<detail::LoadedProgram> open() const;

private:
  using Open = detail::LoadedProgram* (*)();

  explicit LoadedLibrary(Open entry) : open_{entry} {}

  Open open_;
};

}  // namespace weir::cli
