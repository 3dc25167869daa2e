// The formulas beneath the advisor: values worked out by hand, limits, and input without sense.
#include "checkpoint/advisor/failure_rate.hpp"
#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/lambert_w.hpp"
#include "checkpoint/advisor/recovery.hpp"
#include "checkpoint/advisor/uploads.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::advisor;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Seconds kMinute{60};

// T = 60 s with it: rollback 35 s.
constexpr Model kModel{.cost = 2s, .duration = 5s, .mtbf = 3600s, .restart = 10s, .load = 0.5};

Approx near(double value) {
  return Approx(value).epsilon(1e-9);
}

double seconds(const Result<Seconds>& result) {
  REQUIRE(result.ok());
  return result->count();
}

double number(const Result<double>& result) {
  REQUIRE(result.ok());
  return *result;
}

template <class T>
bool refuses(const Result<T>& result) {
  return result.status().code() == ErrorCode::invalid_argument;
}

/// `change` sets a field of the model to each value that makes no sense for any of them.
template <class Change, class Formula>
void check_refused(Change change, Formula formula) {
  for (const double value : {-1.0, kNan, kInfinity, -kInfinity}) {
    Model model = kModel;
    change(model, value);
    CHECK(refuses(formula(model)));
  }
}

void set_cost(Model& model, double value) {
  model.cost = Seconds{value};
}
void set_duration(Model& model, double value) {
  model.duration = Seconds{value};
}
void set_mtbf(Model& model, double value) {
  model.mtbf = Seconds{value};
}
void set_restart(Model& model, double value) {
  model.restart = Seconds{value};
}
void set_load(Model& model, double value) {
  model.load = value;
}

}  // namespace

TEST_CASE("a failure throws back half an interval and a checkpoint", "[advisor]") {
  CHECK(seconds(mean_rollback(kModel, kMinute)) == near(35));
  CHECK(seconds(worst_rollback(kModel, kMinute)) == near(65));
  CHECK(seconds(mean_visibility(kModel, kMinute)) == near(35));
  CHECK(seconds(worst_visibility(kModel, kMinute)) == near(65));
}

TEST_CASE("the mean position of a failure is a little before the middle", "[advisor]") {
  const Model second{.mtbf = 1s};
  CHECK(seconds(mean_failure_position(second, 1s)) == near(1 - 1 / (std::exp(1.0) - 1)));
  CHECK(seconds(mean_failure_position(second, 0.1s)) == near(0.05 - 0.01 / 12 + 1e-4 / 720));
  CHECK(seconds(mean_failure_position(second, Seconds{1e-9})) == near(0.5e-9));
  CHECK(seconds(mean_failure_position(second, 1000s)) == near(1));
  // The series and the exact form meet.
  CHECK(seconds(mean_failure_position(second, 0.000999999s)) ==
        near(1 - 0.000999999 / std::expm1(0.000999999)));
}

TEST_CASE("recovery takes a restart and a replay, catching up the backlog too", "[advisor]") {
  CHECK(seconds(reach_time(kModel, kMinute)) == near(10 + 0.5 * 35));
  CHECK(seconds(catch_up_time(kModel, kMinute)) == near(10 + 45));
  Model model = kModel;
  model.load = 0.8;
  CHECK(seconds(catch_up_time(model, kMinute)) == near(10 + 45 * 4));
  model.load = 0;
  CHECK(seconds(reach_time(model, kMinute)) == near(10));
  CHECK(seconds(catch_up_time(model, kMinute)) == near(10));
  for (const double load : {1.0, 1.5}) {
    model.load = load;
    CHECK(*catch_up_time(model, kMinute) == kNever);
  }
}

TEST_CASE("a job that works off its backlog in small steps is caught up when predicted",
          "[advisor]") {
  for (const double load : {0.2, 0.5, 0.9}) {
    Model model = kModel;
    model.load = load;
    const double step = 1e-3;
    double time = 0;
    double backlog = load * 35;  // in seconds of processing at the highest rate
    do {
      time += step;
      backlog += load * step;
      if (time > 10) backlog -= step;
    } while (backlog > 0);
    CHECK(time == Approx(seconds(catch_up_time(model, kMinute))).epsilon(1e-3));
  }
}

TEST_CASE("waste is the share of time of checkpoints and failures", "[advisor]") {
  CHECK(number(waste(kModel, kMinute)) == near(2.0 / 60 + 27.5 / 3600));
  // Where failures are rare and checkpoints cheap the exact one is the same.
  const Model rare{.cost = 1s, .duration = 1s, .mtbf = 1e6s, .restart = 10s, .load = 0.5};
  CHECK(number(exact_waste(rare, 2000s)) == Approx(number(waste(rare, 2000s))).epsilon(2e-3));
  // Daly's: 1 - T / (M e^(R0/M) (e^((T + C)/M) - 1)).
  const Model daly{.cost = 1s, .mtbf = 2s, .restart = 2s, .load = 1};
  CHECK(number(exact_waste(daly, 3s)) == near(1 - 3 / (2 * std::exp(1.0) * (std::exp(2.0) - 1))));
  Model free = daly;
  free.load = 1e-9;
  const double almost = number(exact_waste(free, 3s));
  free.load = 0;
  CHECK(number(exact_waste(free, 3s)) == Approx(almost).epsilon(1e-6));
}

TEST_CASE("Young's and Daly's intervals are those of their papers", "[advisor]") {
  CHECK(seconds(young_interval(kModel)) == near(120));
  CHECK(seconds(daly_interval(kModel)) == near(120 * (1 + 1.0 / 180 + 1.0 / 32'400) - 2));
  Model model = kModel;
  model.cost = 7199.9999999s;  // x = 1: 2 M (1 + 1/3 + 1/9) - 2 M
  CHECK(seconds(daly_interval(model)) == Approx(3200));
  for (const Seconds cost : {Seconds{7200}, Seconds{1e6}}) {
    model.cost = cost;
    CHECK(seconds(daly_interval(model)) == near(3600));
  }
  model.cost = 0s;
  CHECK(seconds(young_interval(model)) == 0);
  CHECK(seconds(daly_interval(model)) == 0);
  CHECK(seconds(exact_interval(model)) == 0);
}

TEST_CASE("the load makes failures rarer", "[advisor]") {
  Model model = kModel;
  model.load = 0.25;
  CHECK(seconds(load_aware_interval(model)) == near(240));
  CHECK(seconds(incremental_interval(model, 0.02s)) == near(24));
  CHECK(seconds(exact_interval_under_load(model)) ==
        near(seconds(exact_interval({.cost = 2s, .mtbf = 14'400s}))));
  model.load = 1;
  CHECK(seconds(load_aware_interval(model)) == near(120));
  CHECK(seconds(exact_interval_under_load(model)) == near(seconds(exact_interval(model))));
  model.load = 0;
  CHECK(*load_aware_interval(model) == kNever);
  CHECK(*exact_interval_under_load(model) == kNever);
  model.load = 1e-310;  // M / rho is more than a double holds
  CHECK(*exact_interval_under_load(model) == kNever);
}

TEST_CASE("the exact interval solves the equation of least waste", "[advisor]") {
  for (const double ratio : {1e-14, 1e-9, 1e-6, 4e-5, 6e-5, 1e-3, 0.1, 1.0, 5.0}) {
    CAPTURE(ratio);
    // In units of M: (1 - T) e^(T + C) = 1, here as a logarithm; near 0 it is C = T^2/2 + T^3/3.
    const double t = seconds(exact_interval({.cost = Seconds{ratio}, .mtbf = 1s}));
    const double series = t * t * (1.0 / 2 + t * (1.0 / 3 + t * (1.0 / 4 + t / 5)));
    CHECK((t < 1e-3 ? series : -std::log1p(-t) - t) == Approx(ratio).epsilon(1e-9));
  }
  // Ever dearer checkpoints are taken once per failure.
  CHECK(seconds(exact_interval({.cost = 1000s, .mtbf = 1s})) == near(1));
  // Daly's is a good approximation of it up to C = M / 2.
  for (const Seconds cost : {1s, 10s, 100s, 1800s}) {
    const Model model{.cost = cost, .mtbf = 3600s};
    CHECK(seconds(daly_interval(model)) == Approx(seconds(exact_interval(model))).epsilon(0.01));
  }
}

TEST_CASE("Lambert's W is the inverse of w e^w", "[advisor]") {
  CHECK(number(lambert_w0(-0.1)) == Approx(-0.111832559158963).epsilon(1e-14));
  CHECK(number(lambert_w0(-0.2)) == Approx(-0.259171101819074).epsilon(1e-14));
  CHECK(number(lambert_w0(-0.3)) == Approx(-0.489402227180215).epsilon(1e-14));
  CHECK(number(lambert_w0(0)) == 0);
  CHECK(number(lambert_w0(-1e-300)) == -1e-300);
  CHECK(number(lambert_w0(-std::exp(-1.0))) == Approx(-1).margin(2e-8));
  for (int i = 1; i < 2000; ++i) {
    const double x = -std::exp(-1.0) * i / 2000;
    const double w = number(lambert_w0(x));
    CAPTURE(x);
    CHECK(w >= -1);
    CHECK(w * std::exp(w) == Approx(x).epsilon(4e-16).margin(0));
  }
  // The other way: w of x of w. Its digits go where the slope is infinite.
  for (const double w : {-0.999, -0.99, -0.9, -0.5, -1e-3})
    CHECK(number(lambert_w0(w * std::exp(w))) == Approx(w).epsilon(1e-12));
}

TEST_CASE("one plus W keeps its digits near the branch point", "[advisor]") {
  for (const double z : {1e-18, 1e-12, 4.9e-5, 5.1e-5, 1e-3, 1.0, 5.0}) {
    CAPTURE(z);
    // u = 1 + W solves -ln(1 - u) - u = z.
    const double u = number(one_plus_w0(z));
    double left = 0;
    double power = u;
    for (int n = 2; n < 40 && u < 0.1; ++n) left += (power *= u) / n;
    CHECK((u < 0.1 ? left : -std::log1p(-u) - u) == Approx(z).epsilon(2e-11));
  }
  CHECK(number(one_plus_w0(0)) == 0);
  CHECK(1 - number(one_plus_w0(20)) == Approx(std::exp(-21.0)).epsilon(1e-6));
  CHECK(number(one_plus_w0(1e9)) == 1);
}

TEST_CASE("Lambert's W is refused where it is not computed", "[advisor]") {
  for (const double x : {-0.3679, -1.0, 1e-9, kNan, kInfinity, -kInfinity})
    CHECK(refuses(lambert_w0(x)));
  for (const double z : {-1e-9, kNan}) CHECK(refuses(one_plus_w0(z)));
}

TEST_CASE("the goal to be caught up in time bounds the interval from above", "[advisor]") {
  Model model{.duration = 2s, .restart = 3s, .load = 0.5};
  CHECK(seconds(longest_to_catch_up(model, 30s)) == near(44));
  for (const double load : {0.1, 0.5, 0.7}) {
    model.load = load;
    model.mtbf = 1h;
    const Seconds longest = *longest_to_catch_up(model, 30s);
    CHECK(seconds(catch_up_time(model, longest)) == near(30));
  }
  model.load = 0;
  CHECK(*longest_to_catch_up(model, 30s) == kNever);
  CHECK(seconds(longest_to_catch_up(model, 2s)) == 0);  // the restart takes longer
  model.load = 0.9;
  CHECK(seconds(longest_to_catch_up(model, 30s)) == 0);
  model.load = 1;
  CHECK(seconds(longest_to_catch_up(model, 1h)) == 0);
}

TEST_CASE("a checkpoint and the pause bound the interval from below", "[advisor]") {
  CHECK(seconds(shortest_possible(kModel, 0s)) == near(5));
  CHECK(seconds(shortest_possible(kModel, 7s)) == near(12));
}

TEST_CASE("uploads take as long as the slowest, or as the storage takes for all", "[advisor]") {
  const std::vector<Upload> uploads{{.bytes = 100, .bytes_per_second = 10},
                                    {.bytes = 300, .bytes_per_second = 50}};
  CHECK(seconds(upload_time(uploads, std::nullopt)) == near(10));
  CHECK(seconds(upload_time(uploads, 1000)) == near(10));
  CHECK(seconds(upload_time(uploads, 20)) == near(20));
  CHECK(seconds(upload_time({}, 20)) == 0);
  for (const double rate : {0.0, -1.0, kNan, kInfinity}) {
    CHECK(refuses(upload_time(uploads, rate)));
    CHECK(refuses(upload_time({{.bytes = 1, .bytes_per_second = rate}}, std::nullopt)));
  }
}

TEST_CASE("incremental checkpoints upload what has changed, never more than all", "[advisor]") {
  CHECK(number(incremental_bytes(1000, 3, 60s)) == near(180));
  CHECK(number(incremental_bytes(1000, 3, 1h)) == near(1000));
  CHECK(number(incremental_bytes(1000, 0, 1h)) == 0);
  for (const double rate : {-1.0, kNan, kInfinity}) CHECK(refuses(incremental_bytes(1, rate, 1s)));
  CHECK(refuses(incremental_bytes(1, 1, 0s)));
}

TEST_CASE("the rate of failures is estimated from the first day on", "[advisor]") {
  CHECK(*observed_mtbf(0s, 0) == 24h);
  CHECK(*observed_mtbf(24h, 0) == 48h);
  CHECK(*observed_mtbf(24h, 1) == 24h);
  CHECK(*observed_mtbf(24h * 100, 100) == 24h);
  CHECK(refuses(observed_mtbf(-1s, 0)));
  CHECK(*mtbf_of_machines(1000h, 100) == 10h);
  CHECK(refuses(mtbf_of_machines(0s, 1)));
  CHECK(refuses(mtbf_of_machines(-1s, 1)));
  CHECK(refuses(mtbf_of_machines(1h, 0)));
}

TEST_CASE("formulas refuse what makes no sense, and say what it is", "[advisor]") {
  const auto catches_up = [](const Model& m) { return catch_up_time(m, kMinute); };
  const auto wastes = [](const Model& m) { return waste(m, kMinute); };
  const auto wastes_exactly = [](const Model& m) { return exact_waste(m, kMinute); };
  const auto within = [](const Model& m) { return longest_to_catch_up(m, kMinute); };
  for (const auto& formula : {young_interval, daly_interval, exact_interval, load_aware_interval,
                              exact_interval_under_load}) {
    check_refused(set_cost, formula);
    check_refused(set_mtbf, formula);
    CHECK(refuses(formula({.cost = 1s, .mtbf = 0s})));
  }
  check_refused(set_load, load_aware_interval);
  check_refused(set_load, exact_interval_under_load);
  for (const auto& set : {set_duration, set_restart, set_load}) {
    check_refused(set, catches_up);
    check_refused(set, wastes);
    check_refused(set, within);
  }
  for (const auto& set : {set_cost, set_mtbf}) {
    check_refused(set, wastes);
    check_refused(set, wastes_exactly);
  }
  check_refused(set_restart, wastes_exactly);
  check_refused(set_load, wastes_exactly);
  for (const double interval : {0.0, -1.0, kNan, kInfinity}) {
    const Seconds t{interval};
    CHECK(refuses(mean_rollback(kModel, t)));
    CHECK(refuses(worst_rollback(kModel, t)));
    CHECK(refuses(mean_failure_position(kModel, t)));
    CHECK(refuses(reach_time(kModel, t)));
    CHECK(refuses(waste(kModel, t)));
    CHECK(refuses(exact_waste(kModel, t)));
    CHECK(refuses(longest_to_catch_up(kModel, t)));
  }
  CHECK(refuses(shortest_possible(kModel, -1s)));
  CHECK(refuses(incremental_interval(kModel, -1s)));
  CHECK(refuses(mean_failure_position({}, 1s)));
  CHECK(young_interval({.cost = 1s, .mtbf = 0s}).status().message() ==
        "the mean time between failures in seconds is 0; it must be a finite number above 0");
  CHECK(young_interval({.cost = -1s, .mtbf = 1s}).status().message() ==
        "the cost of a checkpoint in seconds is -1; it must be a finite number of at least 0");
}

TEST_CASE("times that a duration cannot hold become the longest", "[advisor]") {
  CHECK(to_duration(Seconds{1.5}) == 1500ms);
  CHECK(to_duration(kNever) == Duration::max());
  CHECK(to_duration(-kNever) == Duration::min());
  CHECK(to_duration(Seconds{9.3e9}) == Duration::max());
}
