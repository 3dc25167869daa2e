// The advice as a table for people.
#include "checkpoint/advisor/advice.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <algorithm>

namespace weir::advisor {
namespace {

constexpr std::size_t kNameColumns = 30;

std::string row(std::string name, const std::string& value) {
  name.resize(kNameColumns, ' ');
  return name + value + "\n";
}

std::string optimum(const std::optional<Duration>& interval) {
  return interval ? readable(*interval) : "none: a longer one is always better";
}

std::string optima_rows(const Optima& optima) {
  return row("optimum without bounds", optimum(optima.best)) +
         row("  Young", optimum(optima.young)) + row("  Daly", optimum(optima.daly)) +
         row("  exact", optimum(optima.exact)) + row("  load aware", optimum(optima.load_aware));
}

std::string mean_and_max(Duration mean, Duration max) {
  return readable(mean) + " on average, " + readable(max) + " at most";
}

std::string caught_up(const Advice& advice) {
  if (advice.expected->caught_up) return readable(*advice.expected->caught_up);
  const bool is_never =
      std::any_of(advice.warnings.begin(), advice.warnings.end(),
                  [](const Warning& w) { return w.kind == Warning::Kind::cannot_catch_up; });
  return is_never ? "never" : "not known";
}

std::string expected_rows(const Advice& advice) {
  const Expected& e = *advice.expected;
  return row("a failure throws back", mean_and_max(e.rollback_mean, e.rollback_max)) +
         row("  reached again after", readable(e.reached)) +
         row("  caught up after", caught_up(advice)) +
         row("committed output waits", mean_and_max(e.visible_mean, e.visible_max)) +
         row("overhead", percent(e.overhead()) + ": checkpoints " + percent(e.checkpoint_share) +
                             ", failures " + percent(e.failure_share));
}

}  // namespace

std::string to_text(const Advice& advice) {
  std::string text = row("interval", readable(advice.interval)) +
                     row("  bound by", std::string{describe(advice.bound)}) +
                     row("  because", advice.reason);
  if (advice.expected) text += optima_rows(advice.optima) + expected_rows(advice);
  for (const Warning& warning : advice.warnings) text += "warning: " + warning.text + "\n";
  for (const Hint& hint : advice.hints) text += "hint: " + hint.text + "\n";
  return text;
}

}  // namespace weir::advisor
