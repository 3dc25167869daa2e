// With which parallelism a job runs that takes all slots there are.
#include "runtime/cluster/reactive_scaling.hpp"

#include "base/random.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

constexpr ScalingOptions kOptions{
    .wait_timeout = 60s, .start_stabilization = 2s, .running_stabilization = 10s, .cooldown = 30s};

/// A policy, and a cluster of workers with two slots each.
struct Cluster {
  ScalingActions join(std::uint64_t id, Duration now) { return set(id, WorkerState::ready, now); }
  ScalingActions set(std::uint64_t id, WorkerState state, Duration now) {
    states[WorkerId{id}] = state;
    return changed(now);
  }
  ScalingActions lose(std::uint64_t id, Duration now) {
    states.erase(WorkerId{id});
    return changed(now);
  }
  ScalingActions request(Duration now) { return scaling.on_request(available(), now); }
  ScalingActions changed(Duration now) {
    Membership view;
    for (const auto& [id, state] : states)
      view.members.push_back({id, {.name = "w" + std::to_string(id.value()), .slots = 2}, state});
    return scaling.on_members(view, available(), now);
  }
  std::uint32_t available() const {
    std::uint32_t slots = 0;
    for (const auto& [id, state] : states) slots += state == WorkerState::ready ? 2U : 0U;
    return slots;
  }
  /// Two workers, and the job runs on them from second 10 on.
  void run() {
    (void)join(1, 0s);
    (void)join(2, 0s);
    REQUIRE(std::get<StartWith>(request(10s).at(0)).parallelism == 4);
    scaling.on_granted(10s);
  }

  std::map<WorkerId, WorkerState> states = {};
  ReactiveScaling scaling{kOptions, {.least = 1, .most = 128}};
};

template <class A>
A only(const ScalingActions& actions) {
  REQUIRE(actions.size() == 1);
  REQUIRE(std::holds_alternative<A>(actions[0]));
  return std::get<A>(actions[0]);
}

Job job(int own_of_source, int own_of_map, JobOptions options = {}) {
  const testing::ReplayLog<int> input{{1, 2, 3}};
  const testing::TransactionLog<int> output;
  Job job{"job", options};
  auto source = job.source("numbers", input.source());
  if (own_of_source != 0) source.parallelism(own_of_source);
  auto mapped = source.map("map", [](int n) { return n; });
  if (own_of_map != 0) mapped.parallelism(own_of_map);
  mapped.sink("out", output.sink());
  return job;
}

SlotRange range_of(const Job& job) {
  return usable_slots(Plan::build(job.graph(), 0));
}

}  // namespace

TEST_CASE("a job can use as many slots as its max parallelism, and needs some for its own",
          "[reactive]") {
  CHECK(range_of(job(0, 0)).least == 1);
  CHECK(range_of(job(0, 0)).most == 128);
  CHECK(range_of(job(0, 3)).least == 3);
  CHECK(range_of(job(0, 3)).most == 128);
  CHECK(range_of(job(5, 3)).least == 5);
}

TEST_CASE("a job begins when there is a slot, and no more come", "[reactive]") {
  Cluster cluster;
  CHECK(only<ShowWaiting>(cluster.request(0s)).what ==
        "waiting for slots: job needs at least 1, cluster has 0 slots");
  CHECK(cluster.scaling.next_wake() == 60s);
  CHECK(only<ShowWaiting>(cluster.join(1, 5s)).what ==
        "waiting whether more slots come: cluster has 2 slots");
  CHECK(cluster.scaling.next_wake() == 7s);
  CHECK(only<ShowWaiting>(cluster.join(2, 6s)).what ==
        "waiting whether more slots come: cluster has 4 slots");
  CHECK(cluster.scaling.on_tick(7s).empty());
  CHECK(cluster.scaling.next_wake() == 8s);
  const auto start = only<StartWith>(cluster.scaling.on_tick(8s));
  CHECK(start.parallelism == 4);
  CHECK(start.why.empty());
  CHECK(cluster.scaling.is_current(start.decision));
  CHECK_FALSE(cluster.scaling.next_wake());
  cluster.scaling.on_granted(9s);
  CHECK_FALSE(cluster.scaling.is_current(start.decision));
  CHECK_FALSE(cluster.scaling.next_wake());
}

TEST_CASE("a job that has all slots that it can use waits for no more", "[reactive]") {
  Cluster cluster;
  cluster.scaling = ReactiveScaling{kOptions, {.least = 1, .most = 3}};
  (void)cluster.join(1, 0s);
  CHECK(only<ShowWaiting>(cluster.request(0s)).what ==
        "waiting whether more slots come: cluster has 2 slots");
  CHECK(only<StartWith>(cluster.join(2, 1s)).parallelism == 3);
  cluster.scaling.on_granted(1s);
  CHECK(cluster.join(3, 2s).empty());
  CHECK_FALSE(cluster.scaling.next_wake());
}

TEST_CASE("a job waits for the fewest slots that it can run with, but not for ever", "[reactive]") {
  Cluster cluster;
  cluster.scaling = ReactiveScaling{kOptions, {.least = 3, .most = 128}};
  (void)cluster.join(1, 0s);
  CHECK(only<ShowWaiting>(cluster.request(0s)).what ==
        "waiting for slots: job needs at least 3, cluster has 2 slots");
  CHECK(cluster.changed(1s).empty());  // nothing new to show
  CHECK(cluster.scaling.on_tick(59s).empty());
  const Status status = only<WaitedTooLong>(cluster.scaling.on_tick(60s)).status;
  CHECK(status.code() == ErrorCode::deadline_exceeded);
  CHECK(status.message() ==
        "no slots within 1 min (jobmanager.adaptive-scheduler.submission.resource-wait-timeout): "
        "job needs at least 3, cluster has 2 slots; start more workers, or give them more slots "
        "(taskmanager.numberOfTaskSlots)");
  CHECK_FALSE(cluster.scaling.next_wake());
  CHECK(cluster.join(2, 61s).empty());  // it has not asked again
  CHECK(only<StartWith>(cluster.request(70s)).parallelism == 4);
}

TEST_CASE("slots that keep coming do not delay a job beyond its deadline", "[reactive]") {
  Cluster cluster;
  (void)cluster.request(0s);
  Duration now = 59s;
  for (std::uint64_t worker = 1; worker <= 3; ++worker, now += 300ms)
    (void)cluster.join(worker, now);
  CHECK(cluster.scaling.next_wake() == 60s);
  CHECK(only<StartWith>(cluster.scaling.on_tick(60s)).parallelism == 6);
}

TEST_CASE("a running job takes more slots when their number is stable and it has run a while",
          "[reactive]") {
  Cluster cluster;
  cluster.run();
  CHECK_FALSE(cluster.scaling.next_wake());
  CHECK(cluster.join(3, 12s).empty());
  CHECK(cluster.scaling.next_wake() == 40s);  // the cooldown
  CHECK(cluster.join(4, 35s).empty());
  CHECK(cluster.scaling.next_wake() == 45s);  // not stable before
  CHECK(cluster.scaling.on_tick(44s).empty());
  CHECK(only<Rescale>(cluster.scaling.on_tick(45s)).to == 8);
  CHECK_FALSE(cluster.scaling.next_wake());
  CHECK(cluster.scaling.on_tick(60s).empty());  // it has been asked
  const auto start = only<StartWith>(cluster.request(61s));
  CHECK(start.parallelism == 8);
  CHECK(start.why == "rescaled from 4 to 8: worker w3 joined, worker w4 joined");
}

TEST_CASE("slots that are gone again change nothing", "[reactive]") {
  Cluster cluster;
  cluster.run();
  (void)cluster.join(3, 12s);
  (void)cluster.lose(3, 20s);
  CHECK_FALSE(cluster.scaling.next_wake());
  CHECK(cluster.scaling.on_tick(100s).empty());
}

TEST_CASE("after the loss of a worker the job goes on at once with what is left", "[reactive]") {
  Cluster cluster;
  cluster.run();
  CHECK(cluster.lose(2, 20s).empty());  // the job fails by itself
  const auto start = only<StartWith>(cluster.request(20s));
  CHECK(start.parallelism == 2);
  CHECK(start.why == "rescaled from 4 to 2: worker w2 was lost");
  cluster.scaling.on_granted(20s);
  // Another failure changes nothing.
  const auto again = only<StartWith>(cluster.request(21s));
  CHECK(again.parallelism == 2);
  CHECK(again.why.empty());
}

TEST_CASE("a worker that leaves gives its slots back when the job asks anew", "[reactive]") {
  Cluster cluster;
  cluster.run();
  CHECK(cluster.set(1, WorkerState::draining, 20s).empty());
  const auto start = only<StartWith>(cluster.request(21s));
  CHECK(start.parallelism == 2);
  CHECK(start.why == "rescaled from 4 to 2: worker w1 takes no more subtasks");
}

TEST_CASE("a job that has lost all slots waits for the first, and whether more come",
          "[reactive]") {
  Cluster cluster;
  cluster.run();
  (void)cluster.lose(1, 20s);
  (void)cluster.lose(2, 20s);
  CHECK(only<ShowWaiting>(cluster.request(20s)).what ==
        "waiting for slots: job needs at least 1, cluster has 0 slots");
  (void)cluster.join(3, 25s);
  (void)cluster.join(4, 26s);
  const auto start = only<StartWith>(cluster.scaling.on_tick(28s));
  CHECK(start.parallelism == 4);
  CHECK(start.why.empty());  // as many as before
}

TEST_CASE("what a job never ran with is not told", "[reactive]") {
  Cluster cluster;
  cluster.run();
  (void)cluster.lose(2, 20s);
  CHECK(only<StartWith>(cluster.request(20s)).why == "rescaled from 4 to 2: worker w2 was lost");
  (void)cluster.join(2, 20s);
  CHECK(only<StartWith>(cluster.request(21s)).why.empty());
}

TEST_CASE("slots that vanish while the job is built for them are decided on anew", "[reactive]") {
  Cluster cluster;
  (void)cluster.join(1, 0s);
  (void)cluster.join(2, 0s);
  const auto first = only<StartWith>(cluster.request(10s));
  CHECK(cluster.join(3, 10s).empty());  // more are for later
  CHECK(cluster.scaling.is_current(first.decision));
  const auto second = only<StartWith>([&] {
    (void)cluster.lose(3, 10s);
    return cluster.lose(2, 10s);
  }());
  CHECK(second.parallelism == 2);
  CHECK_FALSE(cluster.scaling.is_current(first.decision));
  CHECK(cluster.scaling.is_current(second.decision));
  CHECK(only<ShowWaiting>(cluster.lose(1, 11s)).what ==
        "waiting for slots: job needs at least 1, cluster has 0 slots");
  CHECK_FALSE(cluster.scaling.is_current(second.decision));
}

// Random workers and failures: whatever a job begins with is there, and a running job is asked to
// change only for more than it has, and only when it has run for the cooldown.
TEST_CASE("random clusters: a job never begins with more than there is", "[reactive]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Cluster cluster;
    const SlotRange range{.least = static_cast<std::uint32_t>(1 + random.below(3)),
                          .most = static_cast<std::uint32_t>(3 + random.below(10))};
    cluster.scaling = ReactiveScaling{kOptions, range};
    Duration now = 0s;
    Duration since = 0s;
    std::optional<StartWith> start;
    std::uint32_t running = 0;
    const auto check = [&](const ScalingActions& actions) {
      for (const ScalingAction& action : actions) {
        if (const auto* with = std::get_if<StartWith>(&action)) {
          start = *with;
          REQUIRE(with->parallelism == std::min(cluster.available(), range.most));
          REQUIRE(cluster.available() >= range.least);
        }
        if (const auto* rescale = std::get_if<Rescale>(&action)) {
          REQUIRE(running != 0);
          REQUIRE(rescale->to > running);
          REQUIRE(now >= since + kOptions.cooldown);
        }
      }
    };
    check(cluster.request(now));
    for (int i = 0; i < 300; ++i) {
      now += std::chrono::milliseconds{random.below(5000)};
      const std::uint64_t worker = 1 + random.below(6);
      switch (random.below(6)) {
        case 0: check(cluster.join(worker, now)); break;
        case 1: check(cluster.lose(worker, now)); break;
        case 2: check(cluster.set(worker, WorkerState::joining, now)); break;
        case 3:
          if (start && cluster.scaling.is_current(start->decision)) {
            REQUIRE(cluster.available() >= start->parallelism);
            cluster.scaling.on_granted(now);
            running = start->parallelism;
            since = now;
          }
          break;
        case 4:
          running = 0;
          check(cluster.request(now));
          break;
        default:
          if (const auto wake = cluster.scaling.next_wake()) {
            now = std::max(now, *wake);
            const ScalingActions actions = cluster.scaling.on_tick(now);
            REQUIRE_FALSE(actions.empty());  // it woke for something
            check(actions);
          }
      }
    }
  }
}
