// weir::main: a job as a program.
#include "actors/local_cluster.hpp"
#include "base/text.hpp"
#include "cli/command_line.hpp"
#include "cli/interrupts.hpp"
#include "cli/progress.hpp"
#include "cli/run_id.hpp"
#include "runtime/graph/validate.hpp"
#include "runtime/job/job_machine.hpp"

#include <weir/run.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace weir {
namespace {

using cli::Invocation;
using runtime::JobOutcome;
using From = runtime::RestoreRequest::From;

enum ExitCode : int {
  kFinished = 0,
  kFailed = 1,
  kUsage = 2,
  kNotRestorable = 3,
  kInterrupted = 130
};

constexpr Duration kPoll = std::chrono::milliseconds{100};  // how soon Ctrl-C and progress are seen

/// Says why nothing more happens, as the last line on standard error.
int end_with(int code, const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  return code;
}

int exit_code_of(const Status& status) {
  switch (status.code()) {
    case ErrorCode::invalid_argument: return kUsage;
    case ErrorCode::corrupt:
    case ErrorCode::failed_precondition:
    case ErrorCode::not_found: return kNotRestorable;
    default: return kFailed;
  }
}

cli::Progress::Style progress_style(cli::ProgressStyle asked) {
  switch (asked) {
    case cli::ProgressStyle::none: return cli::Progress::Style::none;
    case cli::ProgressStyle::plain: return cli::Progress::Style::lines;
    case cli::ProgressStyle::automatic: break;
  }
  return ::isatty(STDERR_FILENO) != 0 ? cli::Progress::Style::rewriting
                                      : cli::Progress::Style::lines;
}

int show_graph(const Job& job, runtime::GraphFormat format) {
  if (const auto problems = runtime::validate(*job.graph()); !problems.empty())
    return end_with(kUsage, runtime::format_problems(job.name(), problems));
  const auto plan =
      runtime::Plan::build(job.graph(), static_cast<std::uint32_t>(job.options().max_parallelism));
  std::fputs(runtime::render(plan, format).c_str(), stdout);
  return kFinished;
}

/// Shows the job until it ends; Ctrl-C stops it, a second one at once.
JobOutcome follow(actors::LocalCluster& cluster, cli::Progress::Style style,
                  const CheckpointOptions& checkpoint) {
  const cli::Interrupts interrupts;
  cli::Progress progress{style};
  const Duration began = Clock::system().monotonic();
  std::uint64_t seen = 0;
  int obeyed = 0;
  while (true) {
    seen = cluster.wait_for_change(seen, kPoll);
    const runtime::JobView view = cluster.view();
    progress.show(view, Clock::system().monotonic() - began);
    if (view.outcome) return *view.outcome;
    if (const int count = interrupts.count(); count > obeyed) {
      if (count == 1 && runtime::stops_behind_checkpoint(checkpoint))
        std::fputs("\nstopping behind a last checkpoint; interrupt again to end at once\n", stderr);
      cluster.stop(count > 1);
      obeyed = count;
    }
  }
}

/// How to go on after an end that is none, if that is possible.
std::string how_to_continue(const runtime::JobView& view, const CheckpointOptions& checkpoint) {
  if (!view.last_checkpoint && !view.restored_from) return {};
  if (checkpoint.storage.empty())
    return "; its checkpoints were in memory: set execution.checkpointing.dir to be able to "
           "continue";
  return "; continue with --restore latest";
}

int report(const JobOutcome& outcome, const runtime::JobView& view, Duration took,
           const CheckpointOptions& checkpoint) {
  const double seconds = std::chrono::duration<double>{took}.count();
  const std::uint64_t read = view.records_in + view.records_in_before;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(read) / seconds);
  std::fprintf(stderr, "%s records in %.1f s (%s/s), %d restarts, %s checkpoints (%s failed)\n",
               base::format_count(read).c_str(), seconds, base::format_count(rate).c_str(),
               view.restarts, base::format_count(view.checkpoints_completed).c_str(),
               base::format_count(view.checkpoints_failed).c_str());
  if (const std::uint64_t lost = view.transactions_lost + view.transactions_lost_before; lost != 0)
    std::fprintf(stderr, "%s transactions were lost by the stores of sinks, and skipped\n",
                 base::format_count(lost).c_str());
  const std::string next = how_to_continue(view, checkpoint);
  switch (outcome.kind) {
    case JobOutcome::Kind::finished: return kFinished;
    case JobOutcome::Kind::stopped:
      return end_with(kInterrupted, "stopped behind a last checkpoint" + next);
    case JobOutcome::Kind::cancelled:
      return end_with(kInterrupted,
                      "cancelled" + (outcome.reason.empty() ? "" : ": " + outcome.reason) +
                          (checkpoint.retention == Retention::retain_on_cancellation ? next : ""));
    case JobOutcome::Kind::failed:
      if (!next.empty())
        std::fprintf(stderr, "what was committed stays; mend the cause%s\n", next.c_str());
      return end_with(kFailed, "the job failed: " + outcome.reason);
    case JobOutcome::Kind::not_restorable:
      return end_with(kNotRestorable, "the job cannot be restored: " + outcome.reason);
  }
  return kFailed;
}

int run_job(const Job& job, const Invocation& invocation) {
  actors::LocalClusterOptions options;
  options.threads = invocation.threads;
  for (const std::string& text : invocation.chaos) {
    auto rule = ChaosRule::parse(text);
    if (!rule.ok()) return end_with(kUsage, rule.status().message());
    options.chaos.push_back(std::move(rule).value());
  }
  const auto log = base::make_stderr_logger(invocation.log_level);
  runtime::RestoreRequest restore{.from = From::beginning,
                                  .path = invocation.restore,
                                  .allow_non_restored = invocation.allow_non_restored};
  if (!invocation.restore.empty())
    restore.from = invocation.restore == "latest" ? From::latest : From::path;
  const std::string run = cli::new_run_id();
  auto hosted = actors::host_job(job,
                                 {.restore = restore,
                                  .run = run,
                                  .seed = hash_bytes(run.data(), run.size()),
                                  .force_bytes = invocation.force_bytes},
                                 Env::posix(), *log);
  if (!hosted.ok()) return end_with(exit_code_of(hosted.status()), hosted.status().message());
  const runtime::JobLaunch& launch = hosted->context->launch;
  if (launch.has_finished_before)
    return end_with(kFinished, "job \"" + job.name() +
                                   "\" has finished already; start it without --restore to run it "
                                   "again from the beginning");
  if (launch.initial != nullptr)
    std::fprintf(stderr, "continuing from %s\n", launch.initial_path.c_str());
  else if (restore.from == From::latest)
    std::fprintf(stderr, "there is no checkpoint yet: starting from the beginning\n");

  auto cluster = actors::LocalCluster::start(std::move(hosted).value(), std::move(options),
                                             Env::posix(), *log);
  if (!cluster.ok()) return end_with(exit_code_of(cluster.status()), cluster.status().message());
  const Duration began = Clock::system().monotonic();
  const JobOutcome outcome =
      follow(**cluster, progress_style(invocation.progress), job.options().checkpoint);
  const Duration took = Clock::system().monotonic() - began;
  const runtime::JobView view = (*cluster)->view();
  cluster->reset();
  return report(outcome, view, took, job.options().checkpoint);
}

}  // namespace

int main(const Flags& flags, const std::function<Job()>& build, int argc, char** argv) {
  auto parsed = cli::parse_command_line(flags, argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const Invocation& invocation = *std::get_if<Invocation>(&parsed);
  try {
    Job job = build();
    if (Status status = cli::configure(invocation, job.options()); !status.ok())
      return end_with(kUsage, status.message());
    return invocation.command == cli::Command::graph ? show_graph(job, invocation.graph_format)
                                                     : run_job(job, invocation);
  } catch (const std::exception& error) {
    return end_with(kFailed, std::string{"the job could not be built: "} + error.what());
  }
}

int main(const Job& job, int argc, char** argv) {
  return main(
      Flags{"Job " + job.name()}, [&job] { return job; }, argc, argv);
}

}  // namespace weir
