// weir: the operator's tool.
#include "cli/weir/commands.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

namespace weir::cli {
namespace {

constexpr int kUsageError = 2;

int run_tool(int argc, char** argv) {
  if (argc > 1 && std::string_view{argv[1]} == "submit") return submit_library(argc, argv);
  CLI::App tool{"Runs clusters of Weir, and looks after them", "weir"};
  tool.require_subcommand(1);
  tool.get_formatter()->column_width(34);
  Action action;
  for (auto* add :
       {add_coordinator, add_worker, add_submit, add_list, add_info, add_checkpoints, add_metrics,
        add_advise, add_stop, add_savepoint, add_cancel, add_inspect, add_edit, add_certs})
    add(tool, action);
  try {
    tool.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    tool.exit(error, std::cout, std::cerr);
    return is_help ? 0 : kUsageError;
  }
  return action();
}

}  // namespace

}  // namespace weir::cli

int main(int argc, char** argv) {
  try {
    return weir::cli::run_tool(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
    return 1;
  }
}
