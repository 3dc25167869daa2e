// Some regions of a running job restart while the others go on.
#include "runtime/job/region_failover.hpp"

#include "base/random.hpp"
#include "runtime/job/job_machine.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

using Subtasks = std::set<SubtaskId>;

testing::ReplayLog<int> numbers{{1}};
testing::TransactionLog<int> ints;

SubtaskId lane(std::uint32_t index) {
  return {VertexId{0}, index};
}

/// Lanes that have nothing to do with each other.
Plan lanes(int n, FailoverStrategy failover = FailoverStrategy::region) {
  Job job{"lanes", {.parallelism = n, .failover = failover}};
  job.source("numbers", numbers.source()).sink("out", ints.sink());
  return Plan::build(job.graph(), 0);
}

Subtasks all(const Plan& plan) {
  const auto subtasks = plan.subtasks();
  return {subtasks.begin(), subtasks.end()};
}

template <class A>
A only(const RegionActions& actions) {
  REQUIRE(actions.size() == 1);
  REQUIRE(std::holds_alternative<A>(actions[0]));
  return std::get<A>(actions[0]);
}

template <class A>
const A* find(const JobActions& actions) {
  for (const JobAction& action : actions) {
    if (const A* found = std::get_if<A>(&action)) return found;
  }
  return nullptr;
}

JobFailure failure(JobFailure::Kind kind = JobFailure::Kind::transient) {
  return {"boom", kind};
}

/// A job of three lanes that runs.
struct Running {
  Plan plan = lanes(3);
  RegionFailover regions{plan};
  JobMachine job;

  explicit Running(RestartStrategy strategy = restart::fixed_delay({.attempts = 9, .delay = 1s}))
      : job{{.subtasks = all(plan)}, RestartPolicy{strategy, 1}} {
    (void)job.on_start();
    (void)job.on_slots();
    (void)job.on_prepared();
    for (const SubtaskId subtask : plan.subtasks()) (void)job.on_ready(subtask);
    REQUIRE(job.state() == JobState::running);
    regions.on_execution(job.attempt());
  }

  /// Fails lanes and brings them back.
  void restart(const Subtasks& failed) {
    JobActions actions;
    const auto at = job.on_part_failure(failure(), failed, 0s, actions);
    REQUIRE(at);
    (void)regions.on_failure(failed, *at);
    (void)regions.on_ended();
    (void)regions.on_due(job.begin_part_attempt());
    (void)regions.on_prepared(job.attempt());
    for (const SubtaskId subtask : failed) (void)regions.on_ready({subtask, job.attempt()});
    REQUIRE(regions.restarting().empty());
    (void)job.on_part_running();
  }
};

}  // namespace

TEST_CASE("a lane that fails restarts alone, as a new attempt", "[regions]") {
  RegionFailover regions{lanes(3)};
  regions.on_execution(AttemptId{1});
  CHECK(regions.affected_by({lane(1)}) == Subtasks{lane(1)});
  CHECK(only<EndSubtasks>(regions.on_failure({lane(1)}, 5s)).subtasks == Subtasks{lane(1)});
  CHECK(regions.restarting() == Subtasks{lane(1)});
  CHECK_FALSE(regions.is_current({lane(1), AttemptId{1}}));
  CHECK(regions.is_current({lane(0), AttemptId{1}}));
  CHECK_FALSE(regions.is_due(5s));
  CHECK(only<WaitForSubtasks>(regions.on_ended()).at == 5s);
  CHECK(regions.is_due(5s));
  CHECK_FALSE(regions.is_due(4s));
  const auto prepare = only<PrepareSubtasks>(regions.on_due(AttemptId{2}));
  CHECK(prepare.attempt == AttemptId{2});
  CHECK(prepare.subtasks == Subtasks{lane(1)});
  CHECK(regions.on_prepared(AttemptId{1}).empty());
  CHECK(only<RedeploySubtasks>(regions.on_prepared(AttemptId{2})).attempt == AttemptId{2});
  CHECK(regions.on_ready({lane(1), AttemptId{1}}).empty());
  CHECK(regions.on_ready({lane(0), AttemptId{1}}).empty());
  CHECK(only<ResumeSubtasks>(regions.on_ready({lane(1), AttemptId{2}})).subtasks ==
        Subtasks{lane(1)});
  CHECK(regions.restarting().empty());
  CHECK(regions.is_current({lane(1), AttemptId{2}}));
}

TEST_CASE("a failure of everybody, or of nobody in particular, is one of the job", "[regions]") {
  RegionFailover regions{lanes(2)};
  regions.on_execution(AttemptId{1});
  CHECK_FALSE(regions.affected_by({}));
  CHECK_FALSE(regions.affected_by({lane(0), lane(1)}));
  (void)regions.on_failure({lane(0)}, 1s);
  CHECK_FALSE(regions.affected_by({lane(1)}));  // with the one that restarts already
  CHECK_FALSE(RegionFailover{lanes(1)}.affected_by({lane(0)}));
  regions.on_execution(AttemptId{2});
  CHECK(regions.restarting().empty());
  CHECK(regions.affected_by({lane(1)}));
}

TEST_CASE("with the strategy full nothing restarts alone", "[regions]") {
  RegionFailover regions{lanes(3, FailoverStrategy::full)};
  regions.on_execution(AttemptId{1});
  CHECK_FALSE(regions.affected_by({lane(1)}));
  CHECK(restarts_in_parts(lanes(3)));
  CHECK_FALSE(restarts_in_parts(lanes(1)));
  CHECK_FALSE(restarts_in_parts(lanes(3, FailoverStrategy::full)));
}

TEST_CASE("when the execution is over nothing counts and nothing restarts alone", "[regions]") {
  RegionFailover regions{lanes(3)};
  regions.on_execution(AttemptId{1});
  (void)regions.on_failure({lane(0)}, 5s);
  (void)regions.on_ended();
  (void)regions.on_due(AttemptId{2});
  regions.on_execution_over();
  CHECK(regions.restarting().empty());
  CHECK(regions.on_prepared(AttemptId{2}).empty());
  CHECK_FALSE(regions.is_due(5s));
  CHECK_FALSE(regions.is_current({lane(1), AttemptId{1}}));
}

TEST_CASE("what fails while others restart joins them", "[regions]") {
  for (int step = 0; step < 4; ++step) {
    CAPTURE(step);
    RegionFailover regions{lanes(3)};
    regions.on_execution(AttemptId{1});
    (void)regions.on_failure({lane(0)}, 5s);
    if (step > 0) (void)regions.on_ended();
    if (step > 1) (void)regions.on_due(AttemptId{2});
    if (step > 2) (void)regions.on_prepared(AttemptId{2});
    const Subtasks both{lane(0), lane(1)};
    CHECK(only<EndSubtasks>(regions.on_failure({lane(1)}, 6s)).subtasks == both);
    CHECK(regions.on_ready({lane(0), AttemptId{2}}).empty());
    CHECK(only<WaitForSubtasks>(regions.on_ended()).at == 6s);
    CHECK(only<PrepareSubtasks>(regions.on_due(AttemptId{3})).subtasks == both);
    (void)regions.on_prepared(AttemptId{3});
    CHECK(regions.on_ready({lane(0), AttemptId{3}}).empty());
    CHECK(only<ResumeSubtasks>(regions.on_ready({lane(1), AttemptId{3}})).subtasks == both);
  }
}

TEST_CASE("a failure that follows from the first changes nothing; one of the restart does",
          "[regions]") {
  RegionFailover regions{lanes(3)};
  regions.on_execution(AttemptId{1});
  (void)regions.on_failure({lane(0)}, 5s);
  CHECK(regions.on_failure({lane(0)}, 5s).empty());
  (void)regions.on_ended();
  CHECK(regions.on_failure({lane(0)}, 5s).empty());
  (void)regions.on_due(AttemptId{2});
  (void)regions.on_prepared(AttemptId{2});
  CHECK(only<EndSubtasks>(regions.on_failure({lane(0)}, 7s)).subtasks == Subtasks{lane(0)});
  CHECK(only<WaitForSubtasks>(regions.on_ended()).at == 7s);
}

TEST_CASE("the job keeps running while a part of it restarts", "[regions][job]") {
  Running r;
  JobActions actions;
  CHECK(r.job.on_part_failure(failure(), {lane(1)}, 10s, actions) == 11s);
  CHECK(actions.empty());
  CHECK(r.job.state() == JobState::running);
  CHECK(r.job.restarts() == 1);
  CHECK(r.job.last_failure() == "boom");
  CHECK(r.job.begin_part_attempt() == AttemptId{2});
  CHECK(r.job.on_part_running().empty());
}

TEST_CASE("a lane that had drained drains again after its restart", "[regions][job]") {
  Running r;
  CHECK(r.job.on_drained(lane(0)).empty());
  CHECK(r.job.on_drained(lane(1)).empty());
  r.restart({lane(1)});
  CHECK(r.job.on_drained(lane(2)).empty());
  CHECK(find<RequestEndCheckpoint>(r.job.on_drained(lane(1))) != nullptr);
}

TEST_CASE("once everything has drained the job restarts as a whole", "[regions][job]") {
  Running r;
  for (std::uint32_t i = 0; i < 3; ++i) (void)r.job.on_drained(lane(i));
  JobActions actions;
  CHECK_FALSE(r.job.on_part_failure(failure(), {lane(1)}, 0s, actions));
  CHECK(find<EndExecution>(actions) != nullptr);
  CHECK(r.job.state() == JobState::failing);
}

TEST_CASE("a failure that no restart cures ends the job, whichever part had it", "[regions][job]") {
  Running r;
  JobActions actions;
  CHECK_FALSE(r.job.on_part_failure(failure(JobFailure::Kind::permanent), {lane(1)}, 0s, actions));
  CHECK(find<EndExecution>(actions) != nullptr);
  CHECK(find<CleanUp>(r.job.on_execution_ended())->outcome.kind == JobOutcome::Kind::failed);
}

TEST_CASE("restarts of a part count like any other", "[regions][job]") {
  Running r{restart::fixed_delay({.attempts = 1, .delay = 1s})};
  JobActions actions;
  CHECK(r.job.on_part_failure(failure(), {lane(1)}, 0s, actions) == 1s);
  CHECK(r.job.on_part_failure(failure(), {lane(2)}, 500ms, actions) == 1s);  // joins it
  CHECK(r.job.restarts() == 1);
  CHECK_FALSE(r.job.on_part_failure(failure(), {lane(1)}, 2s, actions));
  CHECK(find<EndExecution>(actions) != nullptr);
  (void)r.job.on_execution_ended();
  const auto end = r.job.on_cleaned();
  CHECK(find<EndJob>(end)->outcome.reason ==
        "boom (restart-strategy.fixed-delay.attempts = 1 are used up)");
}

TEST_CASE("a stop waits until the part that restarts is back", "[regions][job]") {
  Running r;
  JobActions actions;
  (void)r.job.on_part_failure(failure(), {lane(1)}, 0s, actions);
  CHECK(r.job.on_stop_requested(false).empty());
  CHECK(r.job.on_stop_requested(false).empty());
  CHECK(find<RequestStopCheckpoint>(r.job.on_part_running()) != nullptr);
  // A failure while it stops ends it, as for the job as a whole.
  CHECK_FALSE(r.job.on_part_failure(failure(), {lane(1)}, 0s, actions));
  CHECK(r.job.state() == JobState::cancelling);
}

TEST_CASE("a stop at once does not wait for the part that restarts", "[regions][job]") {
  Running r;
  JobActions actions;
  (void)r.job.on_part_failure(failure(), {lane(1)}, 0s, actions);
  CHECK(find<EndExecution>(r.job.on_stop_requested(true)) != nullptr);
  CHECK(r.job.on_part_running().empty());
}

TEST_CASE("a restart of the whole job overtakes that of a part", "[regions][job]") {
  Running r;
  JobActions actions;
  (void)r.job.on_part_failure(failure(), {lane(1)}, 0s, actions);
  CHECK(r.job.begin_part_attempt() == AttemptId{2});
  CHECK(find<EndExecution>(r.job.on_failure(failure(), 0s)) != nullptr);
  (void)r.job.on_execution_ended();
  (void)r.job.on_restart_due();
  CHECK(find<PrepareExecution>(r.job.on_slots())->attempt == AttemptId{3});
  (void)r.job.on_prepared();
  for (std::uint32_t i = 0; i < 3; ++i) (void)r.job.on_ready(lane(i));
  CHECK(find<RequestStopCheckpoint>(r.job.on_stop_requested(false)) != nullptr);
}

TEST_CASE("a part that cannot restart alone takes the whole job along, as one restart",
          "[regions][job]") {
  Running r{restart::fixed_delay({.attempts = 1, .delay = 1s})};
  CHECK(r.job.on_part_refused(0s).empty());  // nothing restarts
  JobActions actions;
  REQUIRE(r.job.on_part_failure(failure(), {lane(1)}, 0s, actions));
  CHECK(find<EndExecution>(r.job.on_part_refused(2s)) != nullptr);
  CHECK(find<WaitForRestart>(r.job.on_execution_ended())->at == 2s);
  CHECK(r.job.restarts() == 1);
}

TEST_CASE("a part that cannot restart alone ends a job that was asked to stop", "[regions][job]") {
  Running r;
  JobActions actions;
  REQUIRE(r.job.on_part_failure(failure(), {lane(1)}, 0s, actions));
  CHECK(r.job.on_stop_requested(false).empty());
  CHECK(find<EndExecution>(r.job.on_part_refused(2s)) != nullptr);
  CHECK(find<CleanUp>(r.job.on_execution_ended())->outcome.kind == JobOutcome::Kind::cancelled);
}

// Random failures, and answers in random order or repeated: each attempt of a subtask is ended
// before the next is deployed, and in the end all run.
TEST_CASE("random failures of regions: no two attempts at once, and all come back", "[regions]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto n = static_cast<std::uint32_t>(2 + random.below(5));
    RegionFailover regions{lanes(static_cast<int>(n))};
    AttemptId last{1};
    regions.on_execution(last);
    std::map<SubtaskId, AttemptId> living;
    for (std::uint32_t i = 0; i < n; ++i) living[lane(i)] = last;
    Subtasks ending;
    std::optional<Duration> wake;
    bool is_preparing = false;
    Duration now{};
    const auto take = [&](const RegionActions& actions) {
      for (const RegionAction& action : actions) {
        if (const auto* end = std::get_if<EndSubtasks>(&action)) {
          ending = end->subtasks;
          is_preparing = false;
        } else if (const auto* wait = std::get_if<WaitForSubtasks>(&action)) {
          wake = wait->at;
        } else if (std::holds_alternative<PrepareSubtasks>(action)) {
          is_preparing = true;
        } else if (const auto* deploy = std::get_if<RedeploySubtasks>(&action)) {
          for (const SubtaskId subtask : deploy->subtasks)
            CHECK(living.emplace(subtask, deploy->attempt).second);
        } else if (const auto* resume = std::get_if<ResumeSubtasks>(&action)) {
          for (const SubtaskId subtask : resume->subtasks) CHECK(living.contains(subtask));
        }
      }
    };
    const auto step = [&](bool may_fail) {
      now += std::chrono::milliseconds{random.below(1'000)};
      const SubtaskId any = lane(static_cast<std::uint32_t>(random.below(n)));
      switch (random.below(may_fail ? 6 : 5)) {
        case 0:
          for (const SubtaskId subtask : ending) living.erase(subtask);
          if (!ending.empty()) {
            ending.clear();
            take(regions.on_ended());
          }
          return;
        case 1:
          if (wake && regions.is_due(*wake)) take(regions.on_due(last = last.next()));
          return;
        case 2:
          if (is_preparing) take(regions.on_prepared(last));
          is_preparing = false;
          return;
        case 3:
        case 4:
          if (living.contains(any)) take(regions.on_ready({any, living[any]}));
          return;
        default:
          if (!living.contains(any) || !regions.is_current({any, living[any]})) return;
          if (regions.affected_by({any})) take(regions.on_failure({any}, now + 1s));
      }
    };
    for (int i = 0; i < 300; ++i) step(true);
    for (int i = 0; i < 2'000 && !regions.restarting().empty(); ++i) step(false);
    CHECK(regions.restarting().empty());
    for (std::uint32_t i = 0; i < n; ++i) CHECK(regions.is_current({lane(i), living[lane(i)]}));
  }
}
