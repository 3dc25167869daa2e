#include "cli/progress.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdio>

namespace weir::cli {
namespace {

constexpr Duration kRewriteEvery = std::chrono::milliseconds{200};
constexpr Duration kLineEvery = std::chrono::seconds{5};
constexpr Duration kRateOver = std::chrono::milliseconds{900};

double seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

}  // namespace

Progress::~Progress() {
  if (width_ != 0) std::fputc('\n', stderr);
}

void Progress::show(const runtime::JobView& view, Duration elapsed) {
  if (style_ == Style::none) return;
  const Duration every = style_ == Style::rewriting ? kRewriteEvery : kLineEvery;
  const bool is_news = view.outcome || view.waiting_for != waiting_for_;
  if (last_shown_ != Duration::min() && elapsed - last_shown_ < every && !is_news) return;
  last_shown_ = elapsed;
  waiting_for_ = view.waiting_for;
  const std::string line = format(view, elapsed);
  if (style_ == Style::lines) {
    std::fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  const std::size_t blanks = width_ > line.size() ? width_ - line.size() : 0;
  std::fprintf(stderr, "\r%s%*s", line.c_str(), static_cast<int>(blanks), "");
  std::fflush(stderr);
  width_ = line.size();
}

std::string Progress::format(const runtime::JobView& view, Duration elapsed) {
  if (view.records_in < rate_records_) {  // a new execution counts from its beginning
    rate_records_ = view.records_in;
    rate_from_ = elapsed;
  } else if (elapsed - rate_from_ >= kRateOver) {
    rate_ = static_cast<double>(view.records_in - rate_records_) / seconds(elapsed - rate_from_);
    rate_records_ = view.records_in;
    rate_from_ = elapsed;
  }
  char time[32];
  std::snprintf(time, sizeof time, "%6.1f s  ", seconds(elapsed));
  if (view.state == runtime::JobState::scheduling && !view.waiting_for.empty())
    return time + view.waiting_for;
  std::string line = time + std::string{to_string(view.state)} + "  in " +
                     base::format_count(view.records_in) + "  out " +
                     base::format_count(view.records_out) + "  " +
                     base::format_count(static_cast<std::uint64_t>(rate_)) + "/s";
  if (view.last_checkpoint) {
    const auto& report = *view.last_checkpoint;
    char duration[32];
    std::snprintf(duration, sizeof duration, "%.1f ms", seconds(report.duration) * 1e3);
    line += "  checkpoint " + std::to_string(report.id.value()) + " (" + duration + ", " +
            base::format_size(report.bytes) + ")";
  }
  if (view.checkpoints_failed != 0) line += "  failed " + std::to_string(view.checkpoints_failed);
  return line + "  restarts " + std::to_string(view.restarts);
}

}  // namespace weir::cli
