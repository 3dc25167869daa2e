// The command line of every job program.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "base/log.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/job/launch.hpp"

#include <weir/run.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

enum class Command : std::uint8_t { run, graph, coordinator, worker, submit };
enum class ProgressStyle : std::uint8_t { automatic, plain, none };

/// What the command line said.
struct Invocation {
  Command command = Command::run;
  std::vector<std::string> settings;  // --set, in order: KEY=VALUE
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
  // Of clusters.
  std::string listen;   // HOST:PORT
  std::string metrics;  // HOST:PORT where they can be read; empty: nowhere
  std::string join;     // of coordinators, with commas between; empty: in the leader store
  std::string to;       // likewise
  std::string name;
  std::optional<int> slots;
  int processes = 0;  // of `run`; 0: this one alone
  bool detach = false;
  bool detach_on_interrupt = false;
  bool insecure = false;
};

/// Adds --set and --config.
void add_settings(CLI::App& app, Invocation& invocation);

/// Adds what a program needs that speaks with others.
void add_network_options(CLI::App& app, Invocation& invocation);

/// Add everything that the command of that name takes. What was said is in `invocation`, and in the
/// targets of the job's own flags.
void add_coordinator_command(CLI::App& command, Invocation& invocation);
void add_worker_command(CLI::App& command, Invocation& invocation);
void add_submit_command(CLI::App& command, const Flags& flags, Invocation& invocation);

/// Parses the command line of `app`, whose commands are all there. Returns the exit code when there
/// is nothing to run (help, wrong usage), after printing what there is to say.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

/// Reads the command line; sets the targets of the job's own flags. When there is nothing to run
/// (help, wrong usage) prints what there is to say and returns the exit code instead.
std::variant<Invocation, int> parse_command_line(const Flags& flags, int argc, char** argv);

/// Returns the options from configuration files, then from --set, in the order in which they count.
/// `invalid_argument` names file and line, or the word that is no setting.
Result<std::vector<actors::Setting>> settings_of(const Invocation& invocation);

/// Where the job is to begin.
runtime::RestoreRequest restore_request(const Invocation& invocation);

/// What to say of a job that is at its end.
std::string finished_before(const std::string& job);

/// Says which checkpoint the job continues from, or that there is none.
void say_where_it_begins(const runtime::RestoreRequest& request, const std::string& checkpoint);

}  // namespace weir::cli
