// Jobs in event time: whoever dies, whenever, each window of each key makes its result once, and of
// all its records.
#include "base/random.hpp"
#include "test/support/barrier_modes.hpp"
#include "test/support/kill_rules.hpp"
#include "test/support/random_plans.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::draw_options;
using test::Figures;
using test::require_finish;

namespace {

constexpr int kKeys = 7;
constexpr int kPartitions = 4;
constexpr int kRows = 1200;
constexpr auto kDisorder = 40ms;

struct Click {
  int page;
  std::int64_t ms;  // since 1970
  bool is_late = false;

  friend auto operator<=>(const Click&, const Click&) = default;
};

Timestamp time_of(const Click& click) {
  return Timestamp{std::chrono::milliseconds{click.ms}};
}

/// Clicks that are out of order by as much as is allowed. Row i is in partition i mod kPartitions.
std::vector<Click> clicks(std::uint64_t seed) {
  base::Random random{seed};
  std::vector<Click> all;
  for (int i = 0; i < kRows; ++i)
    all.push_back({static_cast<int>(random.below(kKeys)),
                   i - static_cast<std::int64_t>(random.below(kDisorder.count()))});
  return all;
}

using Row = Windowed<int, std::int64_t>;

enum class Kind { tumbling, sliding, session };

/// numbers -> numbers-time -> counts -> log. Windows are named as the victims of kills are.
struct WindowJob {
  WindowJob(std::uint64_t seed, Kind k) : WindowJob{clicks(seed), k} {}
  WindowJob(std::vector<Click> rows, Kind k)
      : input{std::move(rows), kPartitions, {5, 10ms}}, kind{k} {}

  Job job(JobOptions options) const {
    return job(options, [](const auto& windows) { return windows.count("counts"); });
  }

  /// `count(windows)` counts the clicks in them.
  template <class F>
  Job job(JobOptions options, const F& count) const {
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    options.watermark_interval = 5ms;
    Job job{"windows", options};
    const auto by_page = job.source("numbers", input.source({.assignment = Assignment::spread}))
                             .event_time(time_of, bounded_lag(kDisorder))
                             .key_by(&Click::page);
    const auto write = [&](const auto& windows) {
      count(windows.late("late", late.sink())).sink("out", output.sink());
    };
    if (kind == Kind::session)
      write(by_page.window(session(8ms)));
    else
      write(by_page.window(kind == Kind::tumbling ? tumbling(20ms) : sliding(50ms, 10ms)));
    return job;
  }

  std::vector<Row> expected() const {
    return kind == Kind::session    ? sessions()
           : kind == Kind::tumbling ? grid(20, 20)
                                    : grid(50, 10);
  }

  void check() const {
    std::vector<Row> rows = output.committed();
    const auto by_window = [](const Row& a, const Row& b) {
      return std::tie(a.key, a.window) < std::tie(b.key, b.window);
    };
    std::sort(rows.begin(), rows.end(), by_window);
    CHECK(rows == expected());
    std::vector<Click> too_late = late.committed();
    std::sort(too_late.begin(), too_late.end());
    CHECK(too_late == clicks_that(true));
    CHECK(output.pending() == 0);
  }

  /// Each window has made its result in parts.
  void check_parts() const {
    std::map<std::pair<int, Window>, std::int64_t> sums;
    for (const Row& row : output.committed()) sums[{row.key, row.window}] += row.value;
    std::vector<Row> rows;
    for (const auto& [whose, sum] : sums) rows.push_back({whose.first, whose.second, sum});
    CHECK(rows == expected());
    CHECK(late.committed().empty());
  }

  testing::ReplayLog<Click> input;
  testing::TransactionLog<Row> output;
  testing::TransactionLog<Click> late;
  Kind kind;

private:
  static Window window(std::int64_t start, std::int64_t end) {
    return {Timestamp{std::chrono::milliseconds{start}}, Timestamp{std::chrono::milliseconds{end}}};
  }

  /// In order of page and time.
  std::vector<Click> clicks_that(bool are_late) const {
    std::vector<Click> all = input.rows();
    std::erase_if(all, [&](const Click& click) { return click.is_late != are_late; });
    std::sort(all.begin(), all.end());
    return all;
  }

  std::vector<Row> grid(std::int64_t size, std::int64_t slide) const {
    std::map<std::pair<int, std::int64_t>, std::int64_t> counts;  // by page and start
    for (const Click& click : clicks_that(false)) {
      for (std::int64_t start = -50 * slide; start <= click.ms; start += slide) {
        if (click.ms < start + size) ++counts[{click.page, start}];
      }
    }
    std::vector<Row> rows;
    for (const auto& [whose, count] : counts)
      rows.push_back({whose.first, window(whose.second, whose.second + size), count});
    return rows;
  }

  std::vector<Row> sessions() const {
    std::vector<Row> rows;
    for (const Click& click : clicks_that(false)) {
      const Window own = window(click.ms, click.ms + 8);
      if (!rows.empty() && rows.back().key == click.page && own.start <= rows.back().window.end) {
        rows.back().window.end = own.end;
        ++rows.back().value;
      } else {
        rows.push_back({click.page, own, 1});
      }
    }
    return rows;
  }
};

/// Lets a window make a result of every three clicks, and of the rest at its end.
struct InThrees {
  using State = int;  // clicks since the last result
  using Ctx = TriggerContext<State>;

  TriggerResult on_record(const Click&, Ctx& ctx) const {
    ctx.at_event_time(ctx.window().last());
    if (++ctx.state() < 3) return TriggerResult::wait;
    ctx.state() = 0;
    return TriggerResult::fire_and_purge;
  }
  TriggerResult on_event_time(Timestamp, Ctx&) const { return TriggerResult::fire_and_purge; }

  void merge(State& clicks, State others) const { clicks += others; }
  void on_merge(Ctx& ctx) const { ctx.at_event_time(ctx.window().last()); }
};

Kind kind_of(std::uint64_t seed) {
  return std::vector{Kind::tumbling, Kind::sliding, Kind::session}[seed % 3];
}

}  // namespace

TEST_CASE("windows: results come while the job runs, and are complete", "[sim][windows]") {
  for (const Kind kind : {Kind::tumbling, Kind::sliding, Kind::session}) {
    testing::Cluster cluster{{.seed = 3, .force_bytes = true}};
    WindowJob windows{3, kind};
    auto run = cluster.start(windows.job({.parallelism = 2}));
    run.run_for(400ms);
    CHECK_FALSE(run.has_ended());
    CHECK(windows.output.committed().size() > 50);
    require_finish(run);
    windows.check();
  }
}

TEST_CASE("T55 windows: whoever dies at whatever phase, none ends too early or twice",
          "[sim][windows][swarm]") {
  test::for_each_seed(3, [](std::uint64_t seed) {
    return test::require_exact_at_each_phase(seed, [&] { return WindowJob{seed, kind_of(seed)}; });
  });
}

TEST_CASE("windows: any kills, and messages lost, leave each result complete",
          "[sim][windows][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    return test::require_exact_under_random_kills(seed, [&] {
      return WindowJob{seed, kind_of(seed)};
    });
  });
}

TEST_CASE("windows move between backends and parallelisms", "[sim][windows][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    return test::require_exact_in_lives(seed, [&] { return WindowJob{seed, kind_of(seed)}; });
  });
}

TEST_CASE("T55 windows: what is late is late again after a failure, and counts nowhere",
          "[sim][windows][swarm]") {
  test::for_each_seed(10, [&](std::uint64_t seed) {
    CAPTURE(seed);
    std::vector<Click> rows = clicks(seed);
    for (int i = 100; i < kRows; i += 9)  // whose windows have ended long ago
      rows[static_cast<std::size_t>(i)] = {i % kKeys, i - 500, true};
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    base::Random random{seed};
    WindowJob windows{rows, kind_of(seed)};
    JobOptions options = draw_options(random);
    options.checkpoint.every = 20ms;
    auto run = cluster.start(windows.job(options));
    const Figures figures = test::require_finish_under_random_kills(run, seed);
    windows.check();
    return figures;
  });
}

TEST_CASE("T57 a subtask without a split, or with one that has ended, holds nobody up",
          "[sim][windows]") {
  for (const int parallelism : {2, 6}) {  // with 4 partitions
    testing::Cluster cluster{{.seed = 2}};
    WindowJob windows{2, Kind::tumbling};
    auto run = cluster.start(windows.job({.parallelism = parallelism}));
    run.run_for(400ms);
    CHECK(windows.output.committed().size() > 50);
    require_finish(run);
    windows.check();
  }
}

TEST_CASE("a function of a window that throws fails by name, and is called again with all it needs",
          "[sim][windows]") {
  for (const std::string where : {"add", "merge", "finish"}) {
    CAPTURE(where);
    const auto fuse = std::make_shared<std::atomic<int>>(150);
    const auto burn = [fuse, where](const std::string& here) {
      const int left = here == where ? fuse->fetch_sub(1) : 0;
      if (left > 0 && left % 50 == 0) throw std::runtime_error{"cannot " + here};
    };
    testing::Cluster cluster{{.seed = 4}};
    WindowJob windows{4, Kind::sliding};
    auto run = cluster.start(windows.job({.parallelism = 2}, [&](const auto& by_page) {
      using Count = std::int64_t;
      return by_page.aggregate(
          "counts", Count{0},
          [burn](Count& count, const Click&) {
            burn("add");
            ++count;
          },
          [burn](Count& count, Count later) {
            burn("merge");
            count += later;
          },
          [burn](int page, const Window& window, Count count) {
            burn("finish");
            return Row{page, window, count};
          });
    }));
    require_finish(run);
    CHECK(run.restarts() == 3);
    CHECK(run.report().find("operator \"counts\": cannot " + where) != std::string::npos);
    windows.check();
  }
}

TEST_CASE("windows with triggers: whoever dies, what they make in parts is complete",
          "[sim][windows][triggers][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    WindowJob windows{seed, seed % 3 == 0 ? Kind::sliding : Kind::tumbling};
    base::Random random{seed};
    auto run = cluster.start(windows.job(draw_options(random), [](const auto& by_page) {
      return by_page.trigger(InThrees{}).count("counts");
    }));
    const Figures figures = test::require_finish_under_random_kills(run, seed);
    CHECK(windows.output.committed().size() > windows.expected().size());
    windows.check_parts();
    return figures;
  });
}

TEST_CASE("windows by count: whoever dies, at whatever parallelism, each is full",
          "[sim][windows][triggers][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    CAPTURE(seed);
    constexpr std::int64_t kSize = 9;
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    const testing::ReplayLog<Click> input{clicks(seed), kPartitions, {5, 10ms}};
    const testing::TransactionLog<Row> output;
    base::Random random{seed};
    const Figures figures = test::require_finish_in_lives(cluster, random, [&] {
      JobOptions options = draw_options(random);
      options.checkpoint.every = 20ms;
      options.checkpoint.storage = "/checkpoints";
      Job job{"windows", options};
      job.source("numbers", input.source())
          .key_by(&Click::page)
          .window(count_windows(kSize))
          .count("counts")
          .sink("out", output.sink());
      return job;
    });
    std::map<int, std::int64_t> rest;  // of each page, what is in no window
    for (const Click& click : input.rows()) ++rest[click.page];
    for (const Row& row : output.committed()) {
      CHECK(row.value == kSize);
      rest[row.key] -= kSize;
    }
    for (const auto& [page, count] : rest) CHECK((0 <= count && count < kSize));
    return figures;
  });
}
