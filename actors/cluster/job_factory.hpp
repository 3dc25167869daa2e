// JobFactory: how a process of a cluster gets the job that somebody has submitted. What travels is
// what its command line said: all processes run the job's own program, or load its library.
#pragma once

#include "runtime/library/library_shelf.hpp"

#include <weir/bytes.hpp>
#include <weir/job.hpp>
#include <weir/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// One of the job's own flags, and what it was set to.
struct FlagValue {
  std::string name = {};
  Bytes value = {};  // encoded as the type that the flag has

  friend bool operator==(const FlagValue&, const FlagValue&) = default;
};

/// An option of the job, by its key.
struct Setting {
  std::string place = {};  // where it was given: "--set", or a file
  std::string key = {};
  std::string value = {};

  friend bool operator==(const Setting&, const Setting&) = default;
};

/// Everything that decides what is built.
struct JobSpec {
  std::vector<FlagValue> flags = {};
  std::vector<Setting> settings = {};  // the last of several for one key decides
  std::optional<int> parallelism = {};
  std::string library = {};  // SHA-256 of the one that holds the job; empty: it is the program's

  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

/// See the file comment. May be called from any thread.
class JobFactory {
public:
  virtual ~JobFactory() = default;

  /// Builds the job. Blocks. `invalid_argument` if the program has no such flag or option;
  /// `failed_precondition` if this process does not build jobs out of libraries, or only those;
  /// `internal` with the text of what user code threw.
  virtual Result<Job> build(const JobSpec& spec) = 0;

  /// Where libraries of jobs must be before their jobs are built. Null if this program loads none:
  /// `build` says so.
  virtual runtime::LibraryShelf* libraries() { return nullptr; }
};

}  // namespace weir::actors
