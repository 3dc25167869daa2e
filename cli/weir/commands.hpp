// The commands of `weir`, the operator's tool. Each has a file of its own; cli/weir/main.cpp lists
// them.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace weir::cli {

/// What the tool does once the command line is read. Returns the exit code: 0 done, 1 it could not
/// be done, 2 wrong usage.
using Action = std::function<int()>;

/// Runs `weir submit`. Its flags are those of the job, which are known once its library is loaded.
int submit_library(int argc, char** argv);

/// Each adds a command to `tool`: its flags, its help, and what to put into `action` when it is the
/// one that was asked for.
void add_coordinator(CLI::App& tool, Action& action);
void add_worker(CLI::App& tool, Action& action);
void add_submit(CLI::App& tool, Action& action);
void add_certs(CLI::App& tool, Action& action);
void add_list(CLI::App& tool, Action& action);
void add_info(CLI::App& tool, Action& action);
void add_checkpoints(CLI::App& tool, Action& action);
void add_metrics(CLI::App& tool, Action& action);
void add_advise(CLI::App& tool, Action& action);
void add_cancel(CLI::App& tool, Action& action);
void add_stop(CLI::App& tool, Action& action);
void add_savepoint(CLI::App& tool, Action& action);
void add_inspect(CLI::App& tool, Action& action);
void add_edit(CLI::App& tool, Action& action);

}  // namespace weir::cli
