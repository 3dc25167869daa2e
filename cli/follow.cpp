#include "cli/follow.hpp"

#include "base/text.hpp"
#include "cli/interrupts.hpp"
#include "cli/progress.hpp"
#include "runtime/job/job_machine.hpp"

#include <weir/clock.hpp>

#include <unistd.h>

#include <cstdio>

namespace weir::cli {
namespace {

using runtime::JobOutcome;

constexpr Duration kPoll = std::chrono::milliseconds{100};  // how soon Ctrl-C and progress are seen

Progress::Style progress_style(ProgressStyle asked) {
  switch (asked) {
    case ProgressStyle::none: return Progress::Style::none;
    case ProgressStyle::plain: return Progress::Style::lines;
    case ProgressStyle::automatic: break;
  }
  return ::isatty(STDERR_FILENO) != 0 ? Progress::Style::rewriting : Progress::Style::lines;
}

/// How to go on after an end that is none, if that is possible.
std::string how_to_continue(const runtime::JobView& view, const CheckpointOptions& checkpoint) {
  if (!view.last_checkpoint && !view.restored.from) return {};
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

}  // namespace

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

int follow(actors::JobControl& job, const FollowOptions& options) {
  const Interrupts interrupts;
  const Duration began = Clock::system().monotonic();
  const auto elapsed = [began] { return Clock::system().monotonic() - began; };
  runtime::JobView view;
  {
    Progress progress{progress_style(options.progress)};
    std::uint64_t seen = 0;
    int obeyed = 0;
    while (!view.outcome) {
      seen = job.wait_for_change(seen, kPoll);
      view = job.view();
      progress.show(view, elapsed());
      if (view.outcome) break;
      if (const auto lost = options.lost()) return end_with(kFailed, *lost);
      const int count = interrupts.count();
      if (count == obeyed) continue;
      if (!options.detached.empty()) return end_with(kFinished, options.detached);
      if (count == 1 && runtime::stops_behind_checkpoint(options.checkpoint))
        std::fputs("\nstopping behind a last checkpoint; interrupt again to end at once\n", stderr);
      job.stop(count > 1);
      obeyed = count;
    }
  }
  return report(*view.outcome, view, elapsed(), options.checkpoint);
}

}  // namespace weir::cli
