// Jobs over two streams: whoever dies, whenever, and at whatever parallelism they go on, every pair
// is found once, and every record of either input counts once.
#include "base/random.hpp"
#include "test/support/random_plans.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

constexpr int kKeys = 7;
constexpr auto kDisorder = 40ms;

struct Order {
  int customer = 0;
  int number = 0;
  std::int64_t ms = 0;
};

/// Of another type than an Order, with its key elsewhere.
struct Payment {
  std::int64_t ms = 0;
  std::string number = {};
  int customer = 0;
};

/// What an Order and a Payment make; or what one of them alone counts as.
using Row = std::pair<std::string, int>;

template <class T>
Timestamp time_of(const T& record) {
  return Timestamp{std::chrono::milliseconds{record.ms}};
}

std::int64_t draw_time(base::Random& random, int i) {
  return 2 * i - static_cast<std::int64_t>(random.below(kDisorder.count()));
}

std::vector<Order> orders(std::uint64_t seed, int count) {
  base::Random random{seed};
  std::vector<Order> all;
  for (int i = 0; i < count; ++i)
    all.push_back({static_cast<int>(random.below(kKeys)), i, draw_time(random, i)});
  return all;
}

std::vector<Payment> payments(std::uint64_t seed, int count) {
  base::Random random{seed + 1'000'000};
  std::vector<Payment> all;
  for (int i = 0; i < count; ++i)
    all.push_back(
        {draw_time(random, i), "p" + std::to_string(i), static_cast<int>(random.below(kKeys))});
  return all;
}

Row pair_of(const Order& order, const Payment& payment) {
  return {std::to_string(order.number) + payment.number, order.customer};
}

/// Counts the records of both inputs together, per key.
class Both final : public KeyedCoProcess<int, Order, Payment, Row> {
public:
  explicit Both(const testing::Cluster* cluster) : cluster_{cluster} {}

  void on_first(const Order& order, Ctx&, Emit<Row>& out) override { count(order.customer, out); }
  void on_second(const Payment& payment, Ctx&, Emit<Row>& out) override {
    count(payment.customer, out);
  }

private:
  void count(int customer, Emit<Row>& out) {
    if (cluster_ != nullptr) cluster_->take_time(20us);
    count_.set(count_.value_or(0) + 1);
    out({std::to_string(*count_.get()), customer});
  }

  const testing::Cluster* cluster_;  // null: it takes no time
  ValueState<int> count_{*this, "count"};
};

enum class Kind { counts, interval, window, session };

constexpr std::int64_t kLower = -7;  // ms, of the interval
constexpr std::int64_t kUpper = 12;
constexpr std::int64_t kSize = 30;  // ms, of windows
constexpr std::int64_t kGap = 6;    // ms, of sessions

/// Orders and payments -> counts -> log. The operators have the names of the victims of kills.
struct TwoInputJob {
  TwoInputJob(std::uint64_t seed, Kind k, int rows = 300, testing::Pace pace = {3, 10ms})
      : first{orders(seed, rows), 4, pace}, second{payments(seed, rows), 3, pace}, kind{k} {}

  Job job(JobOptions options, const testing::Cluster* slow_on = nullptr) const {
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.checkpoint.tolerable_failures = 1000;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    options.watermark_interval = 5ms;
    Job job{"two-inputs", options};
    const SourceOptions spread{.assignment = Assignment::spread};
    const auto by_customer = job.source("numbers", first.source(spread))
                                 .event_time(time_of<Order>, bounded_lag(kDisorder))
                                 .key_by(&Order::customer);
    const auto paid = job.source("payments", second.source(spread))
                          .event_time(time_of<Payment>, bounded_lag(kDisorder))
                          .key_by(&Payment::customer);
    results(by_customer.connect(paid), slow_on).sink("out", output.sink());
    return job;
  }

  void check() const {
    std::vector<Row> rows = output.committed();
    std::sort(rows.begin(), rows.end());
    CHECK(rows == expected());
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<Order> first;
  testing::ReplayLog<Payment> second;
  testing::TransactionLog<Row> output;
  Kind kind;

private:
  template <class Connected>
  Stream<Row> results(const Connected& both, const testing::Cluster* slow_on) const {
    using std::chrono::milliseconds;
    switch (kind) {
      case Kind::counts: return both.template process<Both>("counts", slow_on);
      case Kind::interval:
        return both.interval_join("counts", between(milliseconds{kLower}, milliseconds{kUpper}),
                                  pair_of);
      case Kind::window: return both.window(tumbling(milliseconds{kSize})).join("counts", pair_of);
      case Kind::session: return both.window(session(milliseconds{kGap})).join("counts", pair_of);
    }
    std::abort();
  }

  std::vector<Row> expected() const {
    std::vector<Row> rows = kind == Kind::counts ? counts() : pairs();
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::vector<Row> counts() const {
    std::vector<Row> rows;
    std::map<int, int> total;
    for (const Order& order : first.rows())
      rows.emplace_back(std::to_string(++total[order.customer]), order.customer);
    for (const Payment& payment : second.rows())
      rows.emplace_back(std::to_string(++total[payment.customer]), payment.customer);
    return rows;
  }

  std::vector<Row> pairs() const {
    std::vector<Row> rows;
    for (const Order& order : first.rows()) {
      for (const Payment& payment : second.rows()) {
        if (order.customer == payment.customer && belong_together(order, payment))
          rows.push_back(pair_of(order, payment));
      }
    }
    return rows;
  }

  bool belong_together(const Order& order, const Payment& payment) const {
    const std::int64_t distance = payment.ms - order.ms;
    if (kind == Kind::interval) return distance >= kLower && distance <= kUpper;
    if (kind == Kind::window) return window_of(order.ms) == window_of(payment.ms);
    return session_of(order.customer, order.ms) == session_of(order.customer, payment.ms);
  }

  static std::int64_t window_of(std::int64_t ms) {
    return (ms + 1000 * kSize) / kSize;  // times before 1970 as well
  }

  /// Returns when the session of a time begins.
  std::int64_t session_of(int customer, std::int64_t ms) const {
    std::vector<std::int64_t> times;
    for (const Order& order : first.rows()) {
      if (order.customer == customer && order.ms <= ms) times.push_back(order.ms);
    }
    for (const Payment& payment : second.rows()) {
      if (payment.customer == customer && payment.ms <= ms) times.push_back(payment.ms);
    }
    std::sort(times.rbegin(), times.rend());
    std::size_t i = 0;
    while (i + 1 < times.size() && times[i] - times[i + 1] <= kGap) ++i;
    return times[i];
  }
};

Kind kind_of(std::uint64_t seed) {
  return std::vector{Kind::counts, Kind::interval, Kind::window, Kind::session}[seed % 4];
}

}  // namespace

TEST_CASE("two inputs: results come while the job runs, and are complete", "[sim][connected]") {
  for (const Kind kind : {Kind::counts, Kind::interval, Kind::window, Kind::session}) {
    testing::Cluster cluster{{.seed = 3, .force_bytes = true}};
    TwoInputJob both{3, kind};
    auto run = cluster.start(both.job({.parallelism = 2}));
    run.run_for(250ms);
    CHECK_FALSE(run.has_ended());
    CHECK(both.output.committed().size() > 20);
    require_finish(run);
    both.check();
  }
}

TEST_CASE("two inputs: whoever dies at whatever phase, every pair and every record counts once",
          "[sim][connected][swarm]") {
  test::for_each_seed(4, [](std::uint64_t seed) {
    return test::require_exact_at_each_phase(
        seed,
        [&] {
          return TwoInputJob{seed, kind_of(seed)};
        },
        {"numbers/0", "payments/1", "counts/1", "coordinator", "node", "any"});
  });
}

TEST_CASE("two inputs: any kills, and messages lost, leave each result complete",
          "[sim][connected][swarm]") {
  test::for_each_seed(16, [](std::uint64_t seed) {
    return test::require_exact_under_random_kills(seed, [&] {
      return TwoInputJob{seed, kind_of(seed)};
    });
  });
}

TEST_CASE("two inputs move between backends and parallelisms", "[sim][connected][swarm]") {
  test::for_each_seed(16, [](std::uint64_t seed) {
    return test::require_exact_in_lives(seed, [&] { return TwoInputJob{seed, kind_of(seed)}; });
  });
}

TEST_CASE("two inputs: what barriers overtake comes back by the input that it was on its way to",
          "[sim][connected][swarm]") {
  std::uint64_t overtaken = 0;
  test::for_each_seed(16, [&](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    TwoInputJob both{seed, Kind::counts, 1500, {5, 20us}};
    const auto lives = test::require_finish_in_overtaking_lives(cluster, random, "two-inputs", [&] {
      return both.job(test::overtaking_options(random), &cluster);
    });
    both.check();
    overtaken += lives.overtaken;
    return lives.figures;
  });
  CHECK(overtaken > 0);
}
