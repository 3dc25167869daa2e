#include "cli/command_line.hpp"

#include "base/paths.hpp"
#include "base/text.hpp"
#include "cli/config_file.hpp"

#include <weir/detail/key_group.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>
#include <variant>

namespace weir::cli {
namespace {

constexpr int kUsageError = 2;

void add_flag(CLI::App& app, const Flags::Flag& flag) {
  CLI::Option* option = std::visit(
      [&](auto* target) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(target)>;
        const std::string name = "--" + flag.name;
        if constexpr (std::is_same_v<T, bool>) {
          return app.add_flag(name, *target, flag.help);
        } else if constexpr (std::is_same_v<T, Duration>) {
          return app.add_option_function<std::string>(
              name,
              [target](const std::string& text) {
                auto parsed = base::parse_duration(text);
                if (!parsed.ok()) throw CLI::ValidationError{parsed.status().message()};
                *target = *parsed;
              },
              flag.help);
        } else {
          return app.add_option(name, *target, flag.help)->capture_default_str();
        }
      },
      flag.target);
  if (flag.is_required) option->required();
  if (!flag.choices.empty()) option->check(CLI::IsMember(flag.choices));
}

/// Adds a flag whose value is one of some words.
template <class T>
void add_words(CLI::App& app, const std::string& name, T& target,
               const std::map<std::string, T>& words, const std::string& help) {
  std::string choices;
  for (const auto& [word, value] : words) choices += (choices.empty() ? "" : "|") + word;
  app.add_option_function<std::string>(
         name,
         [name, words, choices, &target](const std::string& word) {
           const auto found = words.find(word);
           if (found == words.end())
             throw CLI::ValidationError{name, "\"" + word + "\" is none of " + choices};
           target = found->second;
         },
         help)
      ->type_name(choices)
      ->take_last();
}

}  // namespace

void add_settings(CLI::App& app, Invocation& invocation) {
  app.add_option("--set", invocation.settings,
                 "set an option: KEY=VALUE (docs/reference/options.md)")
      ->type_name("KEY=VALUE");
  app.add_option("--config", invocation.config_files, "YAML file with options")
      ->check(CLI::ExistingFile);
}

void add_network_options(CLI::App& app, Invocation& invocation) {
  app.add_flag("--insecure", invocation.insecure,
               "speak with other machines without encryption, and trust everybody who asks");
}

namespace {

void add_job_options(CLI::App& app, Invocation& invocation) {
  app.add_option("--parallelism,-p", invocation.parallelism,
                 "subtasks of operators that do not say otherwise")
      ->check(CLI::Range(1U, detail::kMostKeyGroups))
      ->take_last();
}

void add_restore_options(CLI::App& app, Invocation& invocation) {
  app.add_option("--restore", invocation.restore,
                 "continue from a checkpoint: \"latest\" or the path of one")
      ->type_name("latest|PATH")
      ->take_last();
  app.add_option_function<std::string>(
         "--claim-mode",
         [&invocation](const std::string& mode) {
           invocation.settings.push_back("execution.state-recovery.claim-mode=" + mode);
         },
         "to whom the checkpoint belongs that --restore PATH names: to you, or to the job, which "
         "deletes it when it needs it no more")
      ->check(CLI::IsMember({"no_claim", "claim"}, CLI::ignore_case))
      ->type_name("no_claim|claim")
      ->take_last();
  app.add_flag("--allow-non-restored-state", invocation.allow_non_restored,
               "drop state that the job no longer has a place for");
  add_words<ProgressStyle>(app, "--progress", invocation.progress,
                           {{"auto", ProgressStyle::automatic},
                            {"plain", ProgressStyle::plain},
                            {"none", ProgressStyle::none}},
                           "how to show progress");
}

void add_process_options(CLI::App& app, Invocation& invocation) {
  app.add_option("--threads", invocation.threads, "actor threads; 0: one per core")
      ->check(CLI::NonNegativeNumber)
      ->take_last();
}

void add_log_level(CLI::App& app, Invocation& invocation) {
  add_words<base::LogLevel>(app, "--log-level", invocation.log_level,
                            {{"debug", base::LogLevel::debug},
                             {"info", base::LogLevel::info},
                             {"warn", base::LogLevel::warn},
                             {"error", base::LogLevel::error},
                             {"off", base::LogLevel::off}},
                            "least level of log lines");
}

void add_metrics_option(CLI::App& app, Invocation& invocation) {
  app.add_option("--metrics", invocation.metrics,
                 "where Prometheus can read metrics, by plain HTTP; port 0: any")
      ->type_name("HOST:PORT");
}

void add_run_options(CLI::App& run, Invocation& invocation) {
  add_metrics_option(run, invocation);
  run.add_option("--chaos", invocation.chaos,
                 "kill something: \"kill counts/1 at checkpoint 3 aligning\"")
      ->type_name("RULE");
  run.add_option("--processes", invocation.processes,
                 "run on so many worker processes of their own, which are replaced when they die")
      ->check(CLI::Range(1, 1000))
      ->take_last();
  run.add_flag("--force-bytes", invocation.force_bytes,
               "encode every batch, also between subtasks of this process (for tests)");
}

void add_coordinator_options(CLI::App& app, Invocation& invocation) {
  add_metrics_option(app, invocation);
  app.add_option("--listen", invocation.listen, "where workers and clients find it; port 0: any")
      ->type_name("HOST:PORT")
      ->required();
}

void add_worker_options(CLI::App& app, Invocation& invocation) {
  app.add_option("--join", invocation.join,
                 "where the coordinator listens; of several, all that may lead")
      ->type_name("HOST:PORT,...");
  invocation.listen = "127.0.0.1:0";
  app.add_option("--listen", invocation.listen, "where other workers reach this one; port 0: any")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--slots", invocation.slots, "subtasks of each operator that may run here")
      ->check(CLI::Range(1U, detail::kMostKeyGroups))
      ->take_last();
  app.add_option("--name", invocation.name, "of this worker, unique in the cluster");
}

void add_submit_options(CLI::App& app, Invocation& invocation) {
  app.add_option("--to", invocation.to,
                 "where the coordinator listens; of several, all that may lead")
      ->type_name("HOST:PORT,...");
  app.add_flag("--detach,-d", invocation.detach, "do not wait for the job's end");
  app.add_flag("--detach-on-interrupt", invocation.detach_on_interrupt,
               "Ctrl-C stops watching the job, not the job");
}

/// Names the first flag that `command` does not know, and the nearest one that it does; empty if it
/// knows them all. Asked first, since a misspelled flag looks like a missing one as well.
std::string unknown_flag(const CLI::App& command, int argc, char** argv) {
  for (int i = 2; i < argc && std::string_view{argv[i]} != "--"; ++i) {
    const std::string word{argv[i]};
    const std::string flag = word.substr(0, word.find('='));
    if (!flag.starts_with("--") || command.get_option_no_throw(flag) != nullptr) continue;
    std::vector<std::string> known;
    for (const CLI::Option* option : command.get_options())
      known.push_back("--" + option->get_single_name());
    const std::string near = base::nearest(flag, known);
    return "there is no flag " + flag + (near.empty() ? "" : "; did you mean " + near + "?");
  }
  return {};
}

void add_job_flags(CLI::App& app, const Flags& flags, Invocation& invocation) {
  for (const Flags::Flag& flag : flags.all()) add_flag(app, flag);
  add_job_options(app, invocation);
  add_settings(app, invocation);
}

void add_run_command(CLI::App& command, const Flags& flags, Invocation& invocation) {
  add_job_flags(command, flags, invocation);
  add_restore_options(command, invocation);
  add_process_options(command, invocation);
  add_log_level(command, invocation);
  add_run_options(command, invocation);
}

void add_graph_command(CLI::App& command, const Flags& flags, Invocation& invocation) {
  add_job_flags(command, flags, invocation);
  add_words<runtime::GraphFormat>(command, "--format", invocation.graph_format,
                                  {{"text", runtime::GraphFormat::text},
                                   {"dot", runtime::GraphFormat::dot},
                                   {"json", runtime::GraphFormat::json}},
                                  "form of the graph");
}

void add_process_command(CLI::App& command, Invocation& invocation) {
  add_settings(command, invocation);
  add_process_options(command, invocation);
  add_log_level(command, invocation);
  add_network_options(command, invocation);
}

}  // namespace

void add_coordinator_command(CLI::App& command, Invocation& invocation) {
  add_process_command(command, invocation);
  add_coordinator_options(command, invocation);
}

void add_worker_command(CLI::App& command, Invocation& invocation) {
  add_process_command(command, invocation);
  add_worker_options(command, invocation);
}

void add_submit_command(CLI::App& command, const Flags& flags, Invocation& invocation) {
  add_job_flags(command, flags, invocation);
  add_restore_options(command, invocation);
  add_log_level(command, invocation);
  add_network_options(command, invocation);
  add_submit_options(command, invocation);
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  for (const CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (argc < 2 || command->get_name() != argv[1]) continue;
    if (const std::string unknown = unknown_flag(*command, argc, argv); !unknown.empty()) {
      std::cerr << unknown << "\nRun with --help for more information.\n";
      return kUsageError;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    app.exit(error, std::cout, std::cerr);
    return is_help ? 0 : kUsageError;
  }
  return std::nullopt;
}

std::variant<Invocation, int> parse_command_line(const Flags& flags, int argc, char** argv) {
  Invocation invocation;
  CLI::App app{flags.description(), argc > 0 ? base::name_of(argv[0]) : "job"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  CLI::App* run = app.add_subcommand("run", "Run the job in this process");
  CLI::App* graph = app.add_subcommand("graph", "Show the job's graph without running it");
  CLI::App* coordinator = app.add_subcommand("coordinator", "Run the coordinator of a cluster");
  CLI::App* worker = app.add_subcommand("worker", "Offer slots to a cluster");
  CLI::App* submit = app.add_subcommand("submit", "Run the job on a cluster");
  add_run_command(*run, flags, invocation);
  add_graph_command(*graph, flags, invocation);
  add_coordinator_command(*coordinator, invocation);
  add_worker_command(*worker, invocation);
  add_submit_command(*submit, flags, invocation);
  if (const auto code = parse(app, argc, argv)) return *code;
  for (const auto& [command, app_of] :
       {std::pair{Command::run, run}, std::pair{Command::graph, graph},
        std::pair{Command::coordinator, coordinator}, std::pair{Command::worker, worker},
        std::pair{Command::submit, submit}}) {
    if (app_of->parsed()) invocation.command = command;
  }
  return invocation;
}

Result<std::vector<actors::Setting>> settings_of(const Invocation& invocation) {
  std::vector<actors::Setting> settings;
  for (const std::string& path : invocation.config_files) {
    auto content = read_config_file(path);
    if (!content.ok()) return content.status();
    for (auto& [key, value] : *content)
      settings.push_back({path, std::move(key), std::move(value)});
  }
  for (const std::string& text : invocation.settings) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return Status{ErrorCode::invalid_argument, "--set " + text + ": expected KEY=VALUE"};
    settings.push_back({"--set", text.substr(0, equals), text.substr(equals + 1)});
  }
  return settings;
}

runtime::RestoreRequest restore_request(const Invocation& invocation) {
  using From = runtime::RestoreRequest::From;
  runtime::RestoreRequest request{.from = From::beginning,
                                  .path = invocation.restore,
                                  .allow_non_restored = invocation.allow_non_restored};
  if (!invocation.restore.empty())
    request.from = invocation.restore == "latest" ? From::latest : From::path;
  return request;
}

std::string finished_before(const std::string& job) {
  return "job \"" + job +
         "\" has finished already; start it without --restore to run it again from the beginning";
}

void say_where_it_begins(const runtime::RestoreRequest& request, const std::string& checkpoint) {
  if (!checkpoint.empty())
    std::cerr << "continuing from " << checkpoint << '\n';
  else if (request.from == runtime::RestoreRequest::From::latest)
    std::cerr << "there is no checkpoint yet: starting from the beginning\n";
}

}  // namespace weir::cli
