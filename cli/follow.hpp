// Following a job: showing it while it runs, obeying Ctrl-C, and saying how it ended.
#pragma once

#include "actors/job_control.hpp"
#include "cli/command_line.hpp"

#include <weir/options.hpp>

#include <functional>
#include <optional>
#include <string>

namespace weir::cli {

enum ExitCode : int {
  kFinished = 0,
  kFailed = 1,
  kUsage = 2,
  kNotRestorable = 3,
  kInterrupted = 130
};

/// Says why nothing more happens, as the last line on standard error. Returns `code`.
int end_with(int code, const std::string& reason);

/// The exit code for a job that could not be started.
int exit_code_of(const Status& status);

struct FollowOptions {
  ProgressStyle progress = ProgressStyle::automatic;
  CheckpointOptions checkpoint = {};
  std::string detached = {};  // what to say when Ctrl-C only stops showing it; empty: it ends it
  /// Says why nothing more is heard of the job, if so.
  std::function<std::optional<std::string>()> lost = [] { return std::nullopt; };
};

/// Shows the job until it ends; Ctrl-C stops it, a second one at once. Returns the exit code.
int follow(actors::JobControl& job, const FollowOptions& options);

}  // namespace weir::cli
