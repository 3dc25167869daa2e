// Progress: what a person sees while a job runs.
#pragma once

#include "runtime/job/view.hpp"

#include <weir/time.hpp>

#include <string>

namespace weir::cli {

/// Formats and prints the state of a job: one line that rewrites itself on a terminal, a line now
/// and then elsewhere.
class Progress {
public:
  enum class Style : std::uint8_t { rewriting, lines, none };

  explicit Progress(Style style) : style_{style} {}
  /// Leaves the cursor on a line of its own.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows the job as it is `elapsed` after its start, if it is time to.
  void show(const runtime::JobView& view, Duration elapsed);

  /// Returns the line that `show` prints: records in and out, rate, last checkpoint, restarts.
  std::string format(const runtime::JobView& view, Duration elapsed);

private:
  Style style_;
  Duration last_shown_ = Duration::min();
  std::string waiting_for_;         // as it was shown
  Duration rate_from_{};            // when the rate was last computed
  std::uint64_t rate_records_ = 0;  // records in at that time
  double rate_ = 0;                 // records a second
  std::size_t width_ = 0;           // of the line on the terminal
};

}  // namespace weir::cli
