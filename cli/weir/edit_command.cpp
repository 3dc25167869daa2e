// weir edit: a new savepoint out of an old one.
#include "cli/follow.hpp"
#include "cli/weir/commands.hpp"

#include <weir/savepoints/savepoint.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

struct Options {
  std::string from = {};
  std::string to = {};
  std::vector<std::string> drop = {};    // OPERATOR or OPERATOR/STATE
  std::vector<std::string> rename = {};  // the same, and =NAME
  std::vector<std::string> take = {};    // OPERATOR=PATH
};

/// Names of operators have no "/".
savepoints::Name name_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

/// Cuts WHAT=VALUE.
Result<std::pair<std::string, std::string>> cut(const std::string& text, const std::string& form) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals != 0 && equals + 1 != text.size())
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
  return Status{ErrorCode::invalid_argument, "\"" + text + "\" is not " + form};
}

Result<savepoints::Edits> edits_of(const Options& options) {
  savepoints::Edits edits;
  for (const std::string& text : options.drop) edits.drop.push_back(name_of(text));
  for (const std::string& text : options.rename) {
    auto parts = cut(text, "--rename OPERATOR=NAME or OPERATOR/STATE=NAME");
    if (!parts.ok()) return parts.status();
    edits.rename.push_back({name_of(parts->first), parts->second});
  }
  for (const std::string& text : options.take) {
    auto parts = cut(text, "--take OPERATOR=PATH");
    if (!parts.ok()) return parts.status();
    edits.take.push_back({parts->first, parts->second});
  }
  return edits;
}

int edit(const Options& options) {
  const auto edits = edits_of(options);
  if (!edits.ok()) return end_with(kUsage, edits.status().message());
  const auto done =
      savepoints::edit(options.from, options.to, *edits, Env::posix(),
                       [](const std::string& step) { std::fprintf(stderr, "%s\n", step.c_str()); });
  if (!done.ok()) {
    const bool is_usage = done.status().code() == ErrorCode::invalid_argument;
    return end_with(is_usage ? kUsage : kFailed, done.status().message());
  }
  for (const std::string& line : *done) std::printf("%s\n", line.c_str());
  std::printf("%s\n", options.to.c_str());
  return 0;
}

/// An option that may be given often, with one value each time.
void add_list(CLI::App& command, const char* name, std::vector<std::string>& values,
              const char* form, const char* help) {
  command.add_option(name, values, help)->type_name(form)->allow_extra_args(false);
}

}  // namespace

void add_edit(CLI::App& tool, Action& action) {
  CLI::App* command = tool.add_subcommand(
      "edit", "Make a new savepoint out of a savepoint or checkpoint, and print its path");
  const auto options = std::make_shared<Options>();
  command->add_option("PATH", options->from, "directory of the old one, which stays as it is")
      ->required();
  command->add_option("NEW", options->to, "directory of the new one; it must not exist")
      ->required();
  add_list(*command, "--drop", options->drop, "OPERATOR[/STATE]",
           "leave out what an operator has, or one of its states; may be given often");
  add_list(*command, "--rename", options->rename, "OPERATOR[/STATE]=NAME",
           "give an operator or a state another name; may be given often");
  add_list(*command, "--take", options->take, "OPERATOR=PATH",
           "take an operator's keyed state from another savepoint; may be given often");
  command->callback([options, &action] { action = [options] { return edit(*options); }; });
}

}  // namespace weir::cli
