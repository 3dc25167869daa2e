// Whether the interval that is predicted is the one that is measured: a job with checkpoints and
// failures is played event by event, over a grid of intervals, and its waste is counted.
#include "base/assert.hpp"
#include "base/random.hpp"
#include "checkpoint/advisor/advice.hpp"
#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/recovery.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::advisor;

namespace {

/// A job that works at rate 1, stops for C after each T of work, and has a checkpoint when D has
/// passed since then. Failures come at moments that depend on the seed alone, so that two intervals
/// meet the same ones. Knows none of the formulas.
class PlayedJob {
public:
  PlayedJob(const Model& model, Seconds work, std::uint64_t seed)
      : model_{model}, work_{work.count()}, trigger_{work_}, random_{seed} {
    draw_failure();
  }

  /// Plays until so many failures have come.
  void play(std::size_t failures) {
    while (failures_ < failures) {
      const bool is_replay = position_ < furthest_;
      const double border = is_replay ? std::min(furthest_, trigger_) : trigger_;
      const double speed = is_replay ? 1 / model_.load : 1;
      if (!advance((border - position_) / speed, speed)) continue;
      position_ = border;
      furthest_ = std::max(furthest_, position_);
      if (position_ == trigger_) begin_checkpoint();
    }
  }

  double waste() const { return 1 - furthest_ / clock_; }
  double mean_rollback() const { return rolled_back_ / static_cast<double>(rollbacks_); }
  double rollback_max() const { return rollback_max_; }

private:
  void draw_failure() { failure_ -= model_.mtbf.count() * std::log1p(-random_.uniform()); }

  void begin_checkpoint() {
    WEIR_ASSERT(completes_at_ == kNone, "the model takes one checkpoint at a time");
    taken_ = position_;
    began_in_replay_ = position_ < furthest_;
    completes_at_ = clock_ + model_.duration.count();
    trigger_ = position_ + work_;
    advance(model_.cost.count(), 0);
  }

  /// Lets time pass; returns false if the job fails meanwhile.
  bool advance(double time, double speed) {
    const bool fails = failure_ < clock_ + time;
    const double end = fails ? failure_ : clock_ + time;
    if (completes_at_ <= end) {
      saved_ = taken_;
      completes_at_ = kNone;
    }
    position_ += (end - clock_) * speed;
    clock_ = end;
    if (fails) fail();
    return !fails;
  }

  void fail() {
    const double lost = position_ - saved_;
    // A failure in a replay throws back less. A checkpoint that began in one throws back further
    // until it is complete, as the stream passes faster.
    if (position_ >= furthest_ && !(completes_at_ != kNone && began_in_replay_)) {
      rolled_back_ += lost;
      rollback_max_ = std::max(rollback_max_, lost);
      ++rollbacks_;
    }
    furthest_ = std::max(furthest_, position_);
    position_ = saved_;
    trigger_ = saved_ + work_;
    completes_at_ = kNone;
    do {  // a failure in a restart begins it anew
      clock_ = failure_;
      ++failures_;
      draw_failure();
    } while (failure_ < clock_ + model_.restart.count());
    clock_ += model_.restart.count();
  }

  static constexpr double kNone = std::numeric_limits<double>::infinity();

  Model model_;
  double work_;          // T, between two checkpoints
  double trigger_;       // position of the next checkpoint
  double position_ = 0;  // in work at rate 1
  double furthest_ = 0;  // what was reached before the failure
  double saved_ = 0;     // position of the newest complete checkpoint
  double taken_ = 0;     // position of the one under way
  bool began_in_replay_ = false;
  double completes_at_ = kNone;
  double clock_ = 0;
  double failure_ = 0;  // when the next comes
  std::size_t failures_ = 0;
  double rolled_back_ = 0;  // in all
  double rollback_max_ = 0;
  std::size_t rollbacks_ = 0;
  base::Random random_;
};

double measured_waste(const Model& model, Seconds work, std::size_t failures) {
  PlayedJob job{model, work, 7};
  job.play(failures);
  return job.waste();
}

/// Measures a grid around `predicted` and checks that it is at the bottom.
void check_least(const Model& model, Seconds predicted, std::size_t failures) {
  const double at_predicted = measured_waste(model, predicted, failures);
  double least = at_predicted;
  double best_factor = 1;
  for (const double factor : {0.25, 0.4, 0.6, 0.75, 0.87, 1.15, 1.33, 1.67, 2.5, 4.0}) {
    const double waste = measured_waste(model, predicted * factor, failures);
    if (waste < least) {
      least = waste;
      best_factor = factor;
    }
    // The ends of the grid are clearly worse, or the grid would show nothing.
    if (factor == 0.25 || factor == 4.0)
      CHECK((waste > 1.1 * at_predicted || 1 - waste < 0.9 * (1 - at_predicted)));
  }
  CAPTURE(predicted.count(), at_predicted, least, best_factor);
  CHECK(at_predicted <= least * 1.02);
  CHECK(1 - at_predicted >= (1 - least) * 0.98);
  CHECK(best_factor >= 0.75);
  CHECK(best_factor <= 1.33);
}

}  // namespace

TEST_CASE("the predicted interval wastes least, and as much as predicted", "[advisor]") {
  const std::vector<Model> models{
      {.cost = 1s, .duration = 5s, .mtbf = 10'000s, .restart = 20s, .load = 0.5},
      {.cost = 0.2s, .duration = 2s, .mtbf = 3600s, .restart = 3s, .load = 0.9},
      {.cost = 2s, .duration = 10s, .mtbf = 40'000s, .restart = 0s, .load = 0.2},
      {.cost = 1s, .duration = 1s, .mtbf = 5'000s, .restart = 60s, .load = 1},
  };
  for (const Model& model : models) {
    CAPTURE(model.cost.count(), model.mtbf.count(), model.restart.count(), model.load);
    const Seconds predicted = *load_aware_interval(model);
    check_least(model, predicted, 2'000);
    CHECK(measured_waste(model, predicted, 20'000) ==
          Approx(*waste(model, predicted)).epsilon(0.03));
  }
}

TEST_CASE("dear checkpoints and frequent failures need the exact interval", "[advisor]") {
  const std::vector<Model> models{
      {.cost = 60s, .duration = 60s, .mtbf = 600s, .restart = 30s, .load = 1},
      {.cost = 300s, .duration = 300s, .mtbf = 600s, .restart = 100s, .load = 1},
      {.cost = 60s, .duration = 60s, .mtbf = 600s, .restart = 30s, .load = 0.4},
      {.cost = 1200s, .duration = 1200s, .mtbf = 600s, .restart = 0s, .load = 1},
  };
  for (const Model& model : models) {
    CAPTURE(model.cost.count(), model.mtbf.count(), model.restart.count(), model.load);
    const Seconds predicted = *exact_interval_under_load(model);
    check_least(model, predicted, 100'000);
    CHECK(measured_waste(model, predicted, 100'000) ==
          Approx(*exact_waste(model, predicted)).epsilon(0.02));
  }
  // At C = M/2 Young's interval makes 4 % less progress, at C = 2 M more than a quarter less.
  const auto progress = [](const Model& model, Seconds work) {
    return 1 - measured_waste(model, work, 100'000);
  };
  const Model half = models[1];
  CHECK(progress(half, *young_interval(half)) < 0.96 * progress(half, *exact_interval(half)));
  const Model twice = models[3];
  CHECK(progress(twice, *young_interval(twice)) < 0.75 * progress(twice, *exact_interval(twice)));
}

TEST_CASE("failures throw back as far as predicted", "[advisor]") {
  // A checkpoint takes a quarter of the interval: the term D shows.
  const Model model{.cost = 0.1s, .duration = 50s, .mtbf = 20'000s, .restart = 5s, .load = 0.5};
  const Seconds interval{200};
  PlayedJob job{model, interval, 11};
  job.play(20'000);
  CHECK(job.mean_rollback() == Approx(mean_rollback(model, interval)->count()).epsilon(0.02));
  CHECK(job.rollback_max() <= worst_rollback(model, interval)->count());
  CHECK(job.rollback_max() > 0.99 * worst_rollback(model, interval)->count());
}

TEST_CASE("what is advised is the bottom that was measured", "[advisor]") {
  const Advice advice =
      advise({.cost = 60s, .duration = 60s, .load = 0.4, .mtbf = 600s, .restart = 30s});
  REQUIRE(advice.bound == Bound::optimum);
  const Model model{.cost = 60s, .duration = 60s, .mtbf = 600s, .restart = 30s, .load = 0.4};
  // An interval counts from trigger to trigger, the played job's from checkpoint to checkpoint.
  check_least(model, Seconds{advice.interval} - model.cost, 100'000);
}
