// The command line of every job program.
#pragma once

#include "base/log.hpp"
#include "runtime/graph/plan.hpp"

#include <weir/run.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

enum class Command : std::uint8_t { run, graph };
enum class ProgressStyle : std::uint8_t { automatic, plain, none };

/// What the command line said.
struct Invocation {
  Command command = Command::run;
  std::vector<std::pair<std::string, std::string>> settings;  // --set, in order
  std::vector<std::string> config_files;
  std::optional<int> parallelism;
  std::string restore;
  bool allow_non_restored = false;
  std::vector<std::string> chaos;
  ProgressStyle progress = ProgressStyle::automatic;
  base::LogLevel log_level = base::LogLevel::warn;
  runtime::GraphFormat graph_format = runtime::GraphFormat::text;
  int threads = 0;
  bool force_bytes = false;
};

/// Reads the command line; sets the targets of the job's own flags. When there is nothing to run
/// (help, wrong usage) prints what there is to say and returns the exit code instead.
std::variant<Invocation, int> parse_command_line(const Flags& flags, int argc, char** argv);

/// Applies configuration files, then --set, then --parallelism to the options of a job.
Status configure(const Invocation& invocation, JobOptions& options);

}  // namespace weir::cli
