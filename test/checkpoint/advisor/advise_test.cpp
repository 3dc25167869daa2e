// What the advisor recommends, why, and what it says about it.
#include "base/random.hpp"
#include "checkpoint/advisor/advice.hpp"
#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::advisor;
using Catch::Matchers::Contains;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kGiB = 1ULL << 30;

/// The example of docs/operating/interval.md.
Measured example() {
  return {.cost = 200ms, .duration = 2s, .load = 0.5, .mtbf = 24h, .restart = 3s};
}

double seconds(Duration duration) {
  return Seconds{duration}.count();
}

/// The text of the only warning of this kind; "" if there is none.
std::string warning(const Advice& advice, Warning::Kind kind) {
  std::string text;
  for (const Warning& w : advice.warnings) {
    if (w.kind != kind) continue;
    CHECK(text.empty());
    text = w.text;
  }
  return text;
}

const Hint* hint(const Advice& advice, Hint::Kind kind) {
  const auto found = std::find_if(advice.hints.begin(), advice.hints.end(),
                                  [kind](const Hint& h) { return h.kind == kind; });
  return found == advice.hints.end() ? nullptr : &*found;
}

std::string goal_text(const Measured& measured, const Goals& goals) {
  return warning(advise(measured, goals), Warning::Kind::goal_not_met);
}

}  // namespace

TEST_CASE("without goals the optimum is advised", "[advisor]") {
  const Advice advice = advise(example());
  CHECK(seconds(advice.interval) == Approx(263).epsilon(2e-3));
  CHECK(advice.bound == Bound::optimum);
  CHECK(advice.reason ==
        "263 s wastes least: a checkpoint costs 200 ms, the load is 0.50, a failure comes every "
        "24 h");
  CHECK(seconds(*advice.optima.young) == Approx(std::sqrt(0.4 * 86'400)));
  CHECK(seconds(*advice.optima.load_aware) == Approx(std::sqrt(0.8 * 86'400)));
  CHECK(*advice.optima.best == advice.interval);
  // From trigger to trigger these count the checkpoint as well.
  const Model model{.cost = 200ms, .mtbf = 24h};
  CHECK(seconds(*advice.optima.daly) == Approx(daly_interval(model)->count() + 0.2));
  CHECK(seconds(*advice.optima.exact) == Approx(exact_interval(model)->count() + 0.2));
  CHECK(advice.warnings.empty());
  CHECK(advice.hints.empty());
}

TEST_CASE("a goal to be caught up in time binds before the optimum", "[advisor]") {
  const Advice advice = advise(example(), {.caught_up_within = 30s});
  CHECK(seconds(advice.interval) == Approx(44));
  CHECK(advice.bound == Bound::caught_up_within);
  CHECK(advice.reason == "44 s is the longest at which the job is caught up within 30 s");
  CHECK(advice.warnings.empty());
  const Expected& expected = *advice.expected;
  CHECK(seconds(expected.rollback_mean) == Approx(24));
  CHECK(seconds(expected.rollback_max) == Approx(46));
  CHECK(seconds(expected.reached) == Approx(15));
  CHECK(seconds(*expected.caught_up) == Approx(30));
  CHECK(seconds(expected.visible_mean) == Approx(24));
  CHECK(seconds(expected.visible_max) == Approx(46));
  CHECK(expected.checkpoint_share == Approx(0.2 / 44));
  CHECK(expected.failure_share == Approx(15.0 / 86'400));
  // A goal that the optimum meets anyway has no say.
  CHECK(advise(example(), {.caught_up_within = 10min}).bound == Bound::optimum);
}

TEST_CASE("the advice is a table for people", "[advisor]") {
  CHECK(to_text(advise(example(), {.caught_up_within = 30s})) ==
        "interval                      44 s\n"
        "  bound by                    goal to be caught up in time\n"
        "  because                     44 s is the longest at which the job is caught up within "
        "30 s\n"
        "optimum without bounds        263 s\n"
        "  Young                       186 s\n"
        "  Daly                        186 s\n"
        "  exact                       186 s\n"
        "  load aware                  263 s\n"
        "a failure throws back         24 s on average, 46 s at most\n"
        "  reached again after         15 s\n"
        "  caught up after             30 s\n"
        "committed output waits        24 s on average, 46 s at most\n"
        "overhead                      0.47 %: checkpoints 0.45 %, failures 0.017 %\n");
  Measured measured = example();
  measured.load = 1.2;
  CHECK_THAT(to_text(advise(measured)), Contains("  caught up after             never\n") &&
                                            Contains("\nwarning: input arrives at 120 %"));
  measured.load = std::nullopt;
  CHECK_THAT(to_text(advise(measured)), Contains("  caught up after             not known\n"));
  measured.load = 0;
  CHECK_THAT(to_text(advise(measured)),
             Contains("  load aware                  none: a longer one is always better\n"));
}

TEST_CASE("limits overrule the goal, and a checkpoint with its pause the limits", "[advisor]") {
  Advice advice = advise(example(), {.longest = 1min});
  CHECK(advice.interval == 1min);
  CHECK(advice.bound == Bound::limits);
  CHECK(advice.reason == "60 s is the longest that is allowed");
  advice = advise(example(), {.shortest = 10min});
  CHECK(advice.interval == 10min);
  CHECK(advice.reason == "10 min is the shortest that is allowed");
  advice = advise(example(), {.min_pause = 5min});
  CHECK(advice.interval == 5min + 2s);
  CHECK(advice.bound == Bound::duration_and_pause);
  CHECK(advice.reason == "a checkpoint takes 2 s, the pause 300 s");
  advice = advise(example(), {.min_pause = 5min, .longest = 1min});
  CHECK(advice.interval == 5min + 2s);
  CHECK(warning(advice, Warning::Kind::limits_not_kept) ==
        "a checkpoint and the pause take 302 s, longer than the longest interval that is allowed, "
        "60 s");
}

TEST_CASE("a job without load takes the longest interval", "[advisor]") {
  Measured measured = example();
  measured.load = 0;
  const Advice advice = advise(measured, {.caught_up_within = 30s});
  CHECK(advice.interval == 1h);
  CHECK(advice.bound == Bound::limits);
  CHECK_FALSE(advice.optima.best);
  CHECK(*advice.expected->caught_up == 3s);
}

TEST_CASE("a job that cannot catch up is warned of", "[advisor]") {
  Measured measured = example();
  measured.load = 0.95;
  CHECK(warning(advise(measured), Warning::Kind::cannot_catch_up) ==
        "input arrives at 95 % of the rate that the job can process: after a failure each second "
        "of backlog takes 19 s to work off; raise the parallelism");
  measured.load = 1.05;
  const Advice advice = advise(measured, {.caught_up_within = 30s});
  CHECK(warning(advice, Warning::Kind::cannot_catch_up) ==
        "input arrives at 105 % of the rate that the job can process: it never catches up after a "
        "failure; raise the parallelism");
  CHECK(warning(advice, Warning::Kind::goal_not_met) ==
        "the goal to be caught up within 30 s is met by no interval: the load is 1.05; it must be "
        "below 1");
  CHECK(advice.bound == Bound::optimum);  // an interval for a goal out of reach would only cost
  CHECK(advice.interval == *advice.optima.exact);
  CHECK_FALSE(advice.expected->caught_up);
  measured.load = 0.8;
  CHECK(advise(measured).warnings.empty());
}

TEST_CASE("a job whose checkpoints take what the input needs is warned of", "[advisor]") {
  const Advice advice =
      advise({.cost = 20s, .duration = 30s, .load = 0.85, .mtbf = 10min, .restart = 60s});
  CHECK_THAT(warning(advice, Warning::Kind::no_spare_capacity),
             Contains("input arrives at 85 % of the rate that the job can process, and checkpoints "
                      "every 175 s with failures every 10 min take another") &&
                 Contains("it falls behind; raise the parallelism"));
}

TEST_CASE("a goal out of reach names the term that breaks it", "[advisor]") {
  Measured measured = example();
  measured.restart = 40s;
  CHECK_THAT(goal_text(measured, {.caught_up_within = 30s}),
             Contains("Reason: the restart alone takes 40 s; detect failures sooner"));
  measured.restart = 20s;
  CHECK_THAT(goal_text(measured, {.caught_up_within = 30s}),
             Contains("Reason: the restart of 20 s and the input that arrives meanwhile take 40 s; "
                      "restart faster than 15 s, or lower the load of 0.50 below 0.33"));
  measured.restart = 10s;
  measured.duration = 12s;
  CHECK_THAT(goal_text(measured, {.caught_up_within = 30s}),
             Contains("Reason: a checkpoint takes 12 s, and what it has not completed is replayed: "
                      "with the restart that is 32 s; make checkpoints faster than 6.67 s, or "
                      "lower the load of 0.50"));
  measured.duration = 9s;
  CHECK(goal_text(measured, {.caught_up_within = 30s}) ==
        "the goal to be caught up within 30 s is met by no interval that is possible: 33.5 s is "
        "the least, at an interval of 9 s, where the optimum is 263 s. Reason: the interval would "
        "have to be 2 s, but a checkpoint of 9 s and the pause of 0 s take 9 s; make checkpoints "
        "faster than 6.67 s, or lower the load of 0.50");
  measured.duration = 2s;
  CHECK_THAT(goal_text(measured, {.caught_up_within = 30s, .min_pause = 20s}),
             Contains("the interval would have to be 16 s, but a checkpoint of 2 s and the pause "
                      "of 20 s take 22 s; lower the pause to 14 s"));
  CHECK_THAT(goal_text(measured, {.caught_up_within = 30s, .shortest = 20s}),
             Contains("the interval would have to be 16 s, but the shortest allowed is 20 s; lower "
                      "that limit"));
  CHECK(goal_text(measured, {.caught_up_within = 30s}).empty());
  measured.load = std::nullopt;
  CHECK(goal_text(measured, {.caught_up_within = 30s}) ==
        "the goal to be caught up within 30 s had no say, as the load is not measured");
}

TEST_CASE("what a warning says would help does help", "[advisor]") {
  Measured measured = example();
  const Goals goals{.caught_up_within = 30s};
  measured.restart = 14'900ms;  // "restart faster than 15 s": nothing is left for the rest then
  measured.duration = 10ms;
  CHECK(goal_text(measured, {.caught_up_within = 30s, .shortest = 10ms}).empty());
  measured.restart = 10s;
  measured.duration = 6'660ms;  // "faster than 6.67 s"
  CHECK(goal_text(measured, goals).empty());
  measured.duration = 6'680ms;
  CHECK_FALSE(goal_text(measured, goals).empty());
  measured.duration = 2s;  // "lower the pause to 14 s"
  CHECK(goal_text(measured, {.caught_up_within = 30s, .min_pause = 14s}).empty());
  CHECK_FALSE(goal_text(measured, {.caught_up_within = 30s, .min_pause = 14'100ms}).empty());
}

TEST_CASE("what is not measured is assumed, and said", "[advisor]") {
  const Advice nothing = advise({});
  CHECK(nothing.bound == Bound::unmeasured);
  CHECK(nothing.interval == 1min);
  CHECK_FALSE(nothing.expected);
  CHECK(nothing.warnings.size() == 4);
  CHECK_THAT(to_text(nothing), Contains("take one, and ask again"));
  CHECK(advise({}, {.longest = 10s}).interval == 10s);
  CHECK(advise({}, {.min_pause = 2min}).interval == 2min);

  const auto assumed = [](const Measured& m) {
    return warning(advise(m), Warning::Kind::not_measured);
  };
  Measured measured = example();
  measured.mtbf = std::nullopt;
  CHECK(assumed(measured) ==
        "the mean time between failures is not measured; reckoned with 24 h: "
        "the optimum grows with its square root");
  measured = example();
  measured.restart = std::nullopt;
  CHECK_THAT(assumed(measured), Contains("reckoned with 0 s: recovery takes longer than said"));
  measured = example();
  measured.load = std::nullopt;
  CHECK_THAT(assumed(measured), Contains("reckoned with 1: the true optimum is longer"));
  CHECK(advise(measured).interval == *advise(measured).optima.exact);
  measured = example();
  measured.duration = std::nullopt;
  CHECK_THAT(assumed(measured), Contains("reckoned with 200 ms, its cost"));
}

TEST_CASE("a cost that is not measured is bounded by what is", "[advisor]") {
  Measured measured = example();
  measured.cost = std::nullopt;
  Advice advice = advise(measured);
  CHECK(warning(advice, Warning::Kind::not_measured) ==
        "the cost of a checkpoint is not measured; reckoned with 2 s, its whole duration: the true "
        "optimum is shorter");
  CHECK(*advice.optima.young == to_duration(*young_interval({.cost = 2s, .mtbf = 24h})));
  measured.alignment = 60ms;
  measured.sync = 40ms;
  advice = advise(measured);
  CHECK(warning(advice, Warning::Kind::not_measured) ==
        "the cost of a checkpoint is not measured; reckoned with 100 ms, its alignment and "
        "synchronous part: the true optimum is longer");
  CHECK(*advice.optima.young == to_duration(*young_interval({.cost = 100ms, .mtbf = 24h})));
}

TEST_CASE("measurements and goals without sense are left out", "[advisor]") {
  Measured measured = example();
  measured.load = kNan;
  Advice advice = advise(measured);
  CHECK(warning(advice, Warning::Kind::nonsense) ==
        "the load is nan; it must be a finite number of at least 0; left out");
  CHECK_FALSE(warning(advice, Warning::Kind::not_measured).empty());
  measured = example();
  measured.mtbf = 0s;
  advice = advise(measured);
  CHECK_THAT(warning(advice, Warning::Kind::nonsense),
             Contains("between failures in seconds is 0"));
  CHECK(seconds(advice.interval) == Approx(263).epsilon(2e-3));  // a day is assumed
  measured = example();
  measured.cost = -1s;
  CHECK_THAT(warning(advise(measured), Warning::Kind::nonsense),
             Contains("the cost of a checkpoint in seconds is -1"));
  advice = advise(example(), {.caught_up_within = 0s});
  CHECK(advice.bound == Bound::optimum);
  CHECK_FALSE(warning(advice, Warning::Kind::nonsense).empty());
  advice = advise(example(), {.shortest = 10s, .longest = 5s});
  CHECK(advice.interval == 10s);
  CHECK(warning(advice, Warning::Kind::nonsense) ==
        "the longest interval, 5 s, is below the shortest, 10 s, which is taken");
  advice = advise(example(), {.min_pause = -1s, .shortest = 0s, .longest = -1s});
  CHECK(advice.warnings.size() == 3);
  CHECK(advice.bound == Bound::optimum);
}

TEST_CASE("incremental checkpoints are proposed where little of much state changes", "[advisor]") {
  Measured measured = example();
  measured.cost = 1s;
  measured.duration = 20s;
  measured.upload = 18s;
  measured.alignment = 100ms;
  measured.sync = 150ms;
  measured.state_bytes = 10 * kGiB;
  measured.changed_bytes_per_second = 1024 * 1024;
  const Advice advice = advise(measured);
  // Every 588 s 588 MiB of 10 GiB: 5.7 % of 18 s are left.
  REQUIRE(hint(advice, Hint::Kind::incremental));
  const Hint& found = *hint(advice, Hint::Kind::incremental);
  CHECK(seconds(found.duration) == Approx(2 + 18 * seconds(advice.interval) / 10'240));
  CHECK(seconds(found.interval) == Approx(std::sqrt(2 * 0.25 * 86'400 / 0.5)).epsilon(1e-3));
  CHECK(found.text ==
        "incremental checkpoints would upload about 588.2 MiB instead of 10.0 GiB: a checkpoint "
        "would take about 3.03 s instead of 20 s, and the interval would be 294 s");

  const auto is_proposed = [](const Measured& m) {
    return hint(advise(m), Hint::Kind::incremental) != nullptr;
  };
  Measured other = measured;
  other.is_incremental = true;
  CHECK_FALSE(is_proposed(other));
  other = measured;
  other.upload = 9s;  // less than half
  CHECK_FALSE(is_proposed(other));
  other = measured;
  other.changed_bytes_per_second = 5.0 * 1024 * 1024;  // 2.9 of 10 GiB
  CHECK_FALSE(is_proposed(other));
  other = measured;
  other.state_bytes = std::nullopt;
  CHECK_FALSE(is_proposed(other));
  other = measured;
  other.duration = 0s;
  CHECK_FALSE(is_proposed(other));
  other = measured;
  other.alignment = std::nullopt;  // the cost shrinks as the duration does
  const Advice even = advise(other);
  REQUIRE(is_proposed(other));
  const double share = seconds(even.hints[0].duration) / 20;
  CHECK(seconds(even.hints[0].interval) ==
        Approx(std::sqrt(2 * share * 86'400 / 0.5)).epsilon(1e-3));
}

TEST_CASE("of incremental checkpoints only the fixed cost decides the interval", "[advisor]") {
  Measured measured = example();
  measured.cost = 1s;
  measured.alignment = 100ms;
  measured.sync = 150ms;
  measured.is_incremental = true;
  const Advice advice = advise(measured);
  CHECK(seconds(advice.interval) == Approx(std::sqrt(2 * 0.25 * 86'400 / 0.5)).epsilon(1e-3));
  CHECK(advice.expected->checkpoint_share == Approx(1 / seconds(advice.interval)));
}

TEST_CASE("unaligned checkpoints are proposed where alignment dominates", "[advisor]") {
  Measured measured = example();
  measured.cost = 5s;
  measured.duration = 6s;
  measured.alignment = 4500ms;
  measured.sync = 100ms;
  const Advice advice = advise(measured);
  REQUIRE(hint(advice, Hint::Kind::unaligned));
  const Hint& found = *hint(advice, Hint::Kind::unaligned);
  CHECK(found.duration == 1500ms);
  CHECK(seconds(found.interval) == Approx(std::sqrt(2 * 0.5 * 86'400 / 0.5)).epsilon(1e-3));
  CHECK(found.text ==
        "unaligned checkpoints would not wait for barriers, which takes 4.5 s: a checkpoint would "
        "take about 1.5 s instead of 6 s, and the interval would be 416 s; records in channels are "
        "stored instead");
  Measured other = measured;
  other.is_unaligned = true;
  CHECK(advise(other).hints.empty());
  other = measured;
  other.alignment = 2900ms;
  CHECK(advise(other).hints.empty());
  other = measured;
  other.cost = 4s;  // less than the alignment: the synchronous part is left
  CHECK(seconds(advise(other).hints.at(0).interval) ==
        Approx(std::sqrt(2 * 0.1 * 86'400 / 0.5)).epsilon(1e-3));
}

TEST_CASE("any input at all gets an interval within its bounds", "[advisor]") {
  base::Random random{42};
  const auto number = [&random] {
    constexpr double kOdd[] = {0,      -1,    1,      kNan,
                               1e-310, 1e308, -1e308, std::numeric_limits<double>::infinity()};
    if (random.chance(0.2)) return kOdd[random.below(std::size(kOdd))];
    return std::exp((random.uniform() - 0.5) * 20);
  };
  const auto duration = [&random]() -> Duration {
    constexpr Duration kOdd[] = {0ns, -1ns, 1ns, Duration::max(), Duration::min(), 1h};
    if (random.chance(0.2)) return kOdd[random.below(std::size(kOdd))];
    return to_duration(Seconds{std::exp((random.uniform() - 0.5) * 40)});
  };
  const auto maybe = [&random](auto draw) {
    return random.chance(0.2) ? std::nullopt : std::optional{draw()};
  };
  for (int round = 0; round < 5'000; ++round) {
    const Measured measured{.cost = maybe(duration),
                            .duration = maybe(duration),
                            .alignment = maybe(duration),
                            .sync = maybe(duration),
                            .upload = maybe(duration),
                            .is_incremental = random.chance(0.3),
                            .is_unaligned = random.chance(0.3),
                            .state_bytes = maybe([&random] { return random.next(); }),
                            .changed_bytes_per_second = maybe(number),
                            .load = maybe(number),
                            .mtbf = maybe(duration),
                            .restart = maybe(duration)};
    const Goals goals{.caught_up_within = maybe(duration),
                      .min_pause = random.chance(0.5) ? 0ns : duration()};
    CAPTURE(round);
    const Advice advice = advise(measured, goals);
    const bool is_sound =
        advice.interval >= goals.shortest && !advice.reason.empty() &&
        (advice.interval <= goals.longest || advice.bound == Bound::duration_and_pause ||
         advice.bound == Bound::unmeasured);
    if (!is_sound) FAIL(to_text(advice));
    const std::string text = to_text(advice);
    if (text.find("nan s") != std::string::npos) FAIL(text);
  }
}

TEST_CASE("numbers are rounded for people", "[advisor]") {
  CHECK(readable(0s) == "0 s");
  CHECK(readable(500ns) == "500 ns");
  CHECK(readable(1500us) == "1.5 ms");
  CHECK(readable(Seconds{262.77}) == "263 s");
  CHECK(readable(Seconds{44}) == "44 s");
  CHECK(readable(Seconds{1.2345}) == "1.23 s");
  CHECK(readable(10min) == "10 min");
  CHECK(readable(150min) == "2.5 h");
  CHECK(readable(24h) == "24 h");
  CHECK(readable(72h) == "3 d");
  CHECK(readable(kNever) == "never");
  CHECK(percent(0) == "0 %");
  CHECK(percent(1e-7) == "< 0.01 %");
  CHECK(percent(0.0046) == "0.46 %");
  CHECK(percent(0.125) == "12 %");
  CHECK(percent(1.05) == "105 %");
  CHECK(readable_load(0.5) == "0.50");
}
