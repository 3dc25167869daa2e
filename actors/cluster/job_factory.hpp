// JobFactory: how a process of a cluster gets the job that somebody has submitted. All processes
// run the job's own program, so what travels is what its command line said.
#pragma once

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

/// Everything that decides what a program builds.
struct JobSpec {
  std::vector<FlagValue> flags = {};
  std::vector<Setting> settings = {};  // the last of several for one key decides
  std::optional<int> parallelism = {};

  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

/// See the file comment. May be called from any thread.
class JobFactory {
public:
  virtual ~JobFactory() = default;

  /// Builds the job. Blocks. `invalid_argument` if the program has no such flag or option;
  /// `internal` with the text of what user code threw.
  virtual Result<Job> build(const JobSpec& spec) = 0;
};

}  // namespace weir::actors
