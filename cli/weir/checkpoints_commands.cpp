// weir checkpoints, advise: how the checkpoints of a job went, and what would suit it better.
#include "base/text.hpp"
#include "checkpoint/advisor/advice.hpp"
#include "cli/checkpoint_report.hpp"
#include "cli/weir/job_command.hpp"

#include <cstdio>

namespace weir::cli {
namespace {

struct ShowCommand : JobCommand {
  std::uint64_t checkpoint = 0;  // to be shown in detail; 0: all
  std::string form = "text";
};

Status show(actors::RemoteCluster& cluster, const ShowCommand& command) {
  auto all = cluster.checkpoints(command.job);
  if (!all.ok()) return all.status();
  if (command.checkpoint != 0) {
    const auto one = describe_checkpoint(all->statistics, CheckpointId{command.checkpoint});
    if (one.ok()) std::fputs(one->c_str(), stdout);
    return one.status();
  }
  if (command.form == "json")
    std::printf("%s\n", checkpoints_json(all->job, all->statistics).c_str());
  else
    std::fputs(describe_checkpoints(all->job, all->statistics).c_str(), stdout);
  return {};
}

/// What a job's checkpoints do not tell.
struct AdviseCommand : JobCommand {
  std::optional<Duration> mtbf = {};
  std::optional<Duration> restart = {};
  std::optional<Duration> caught_up_within = {};
  std::optional<double> load = {};
};

Status advise(actors::RemoteCluster& cluster, const AdviseCommand& command) {
  auto all = cluster.checkpoints(command.job);
  if (!all.ok()) return all.status();
  advisor::Measured measured = all->measured;
  measured.load = command.load;
  measured.mtbf = command.mtbf;
  measured.restart = command.restart;
  const advisor::Goals goals{.caught_up_within = command.caught_up_within,
                             .min_pause = all->min_pause};
  std::fputs(advisor::to_text(advisor::advise(measured, goals)).c_str(), stdout);
  return {};
}

void add_duration(CLI::App& command, const std::string& name, std::optional<Duration>& value,
                  const std::string& help) {
  command
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string& text) {
            const auto parsed = base::parse_duration(text);
            if (!parsed.ok()) throw CLI::ValidationError{name, parsed.status().message()};
            value = *parsed;
          },
          help)
      ->type_name("DURATION");
}

}  // namespace

void add_checkpoints(CLI::App& tool, Action& action) {
  add_job_command<ShowCommand>(
      tool, action, "checkpoints", "Show how the checkpoints of a job went", show,
      [](CLI::App& command, ShowCommand& options) {
        CLI::Option* format = command.add_option("--format", options.form, "text or json")
                                  ->check(CLI::IsMember({"text", "json"}))
                                  ->capture_default_str();
        command
            .add_option("--checkpoint", options.checkpoint,
                        "the number of one of the last: show what each subtask took")
            ->type_name("ID")
            ->check(CLI::PositiveNumber)
            ->excludes(format);
      });
}

void add_advise(CLI::App& tool, Action& action) {
  add_job_command<AdviseCommand>(
      tool, action, "advise", "Say which interval between checkpoints suits a job, and why", advise,
      [](CLI::App& command, AdviseCommand& options) {
        add_duration(command, "--caught-up-within", options.caught_up_within,
                     "the goal: no input waits any more so long after a failure");
        add_duration(command, "--mtbf", options.mtbf, "mean time between failures of the job");
        add_duration(command, "--restart-time", options.restart,
                     "from a failure until records are processed again");
        command
            .add_option("--load", options.load,
                        "rate of arrival / highest rate of processing, such as 0.5")
            ->check(CLI::NonNegativeNumber);
      });
}

}  // namespace weir::cli
