// weir submit: a job out of a library.
#include "base/files.hpp"
#include "cli/cluster_roles.hpp"
#include "cli/follow.hpp"
#include "cli/loaded_library.hpp"
#include "cli/weir/commands.hpp"
#include "runtime/library/library_image.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::string_view kLibrary = "--library";

void add_library(CLI::App& command, std::string& path) {
  command.add_option(std::string{kLibrary}, path, "library of the job, made with WEIR_JOB")
      ->type_name("FILE")
      ->required();
}

/// Finds the library before the command line can be read: that says which flags there are.
std::string library_of(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == kLibrary && i + 1 < argc) return argv[i + 1];
    if (word.starts_with(kLibrary) && word.substr(kLibrary.size()).starts_with("="))
      return std::string{word.substr(kLibrary.size() + 1)};
  }
  return {};
}

/// Reads what follows `weir submit`; returns the exit code if there is nothing to submit.
std::optional<int> read_words(const Flags& flags, Invocation& invocation, int argc, char** argv) {
  CLI::App tool{"Runs clusters of Weir, and looks after them", "weir"};
  tool.require_subcommand(1);
  tool.get_formatter()->column_width(34);
  const std::string& job = flags.description();
  CLI::App* command = tool.add_subcommand(
      "submit", job.empty() ? "Run a job out of a library on a cluster. Its own flags are shown "
                              "with --library FILE --help"
                            : job);
  std::string path;
  add_library(*command, path);
  add_submit_command(*command, flags, invocation);
  return parse(tool, argc, argv);
}

/// A library in this process, and its content for others.
struct Opened {
  std::shared_ptr<const Bytes> bytes;
  std::unique_ptr<detail::LoadedProgram> program;
};

Result<Opened> open_library(const std::string& path) {
  auto bytes = base::read_file(Env::posix(), path);
  if (!bytes.ok()) return bytes.status();
  if (Status status = runtime::check_image(*bytes); !status.ok()) return status.with_context(path);
  auto file = base::SealedFile::create("weir-job.so", *bytes);
  if (!file.ok()) return file.status();
  const auto library = LoadedLibrary::load(std::move(file).value());
  if (!library.ok()) return library.status().with_context(path);
  return Opened{std::make_shared<const Bytes>(std::move(bytes).value()), library->open()};
}

}  // namespace

void add_submit(CLI::App& tool, Action&) {
  tool.add_subcommand("submit", "Run a job out of a library on a cluster");
}

int submit_library(int argc, char** argv) {
  Invocation invocation;
  const std::string path = library_of(argc, argv);
  if (path.empty()) return read_words(Flags{}, invocation, argc, argv).value_or(kUsage);
  const auto library = open_library(path);
  if (!library.ok()) return end_with(kUsage, "--library " + library.status().message());
  const Flags& flags = library->program->flags();
  if (const auto code = read_words(flags, invocation, argc, argv)) return *code;
  return submit(invocation, flags, library->bytes);
}

}  // namespace weir::cli
