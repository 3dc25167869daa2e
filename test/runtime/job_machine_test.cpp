#include "runtime/job/job_machine.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

const SubtaskId kA{VertexId{0}, 0};
const SubtaskId kB{VertexId{1}, 0};

template <class A>
const A* find(const JobActions& actions) {
  for (const JobAction& action : actions) {
    if (const A* found = std::get_if<A>(&action)) return found;
  }
  return nullptr;
}

JobMachine make(RestartStrategy strategy = restart::fixed_delay({.attempts = 5, .delay = 1s}),
                JobMachine::Options options = {.subtasks = {kA, kB}}) {
  return JobMachine{options, RestartPolicy{strategy, 1}};
}

void run(JobMachine& job) {
  if (job.state() == JobState::created) (void)job.on_start();
  (void)job.on_slots();
  (void)job.on_prepared();
  (void)job.on_ready(kA);
  (void)job.on_ready(kB);
  REQUIRE(job.state() == JobState::running);
}

JobFailure failure(JobFailure::Kind kind = JobFailure::Kind::transient) {
  return {"boom", kind};
}

}  // namespace

TEST_CASE("a bounded job runs from preparation to its end", "[job]") {
  JobMachine job = make();
  CHECK(find<AcquireSlots>(job.on_start())->attempt == AttemptId{1});
  CHECK(find<PrepareExecution>(job.on_slots())->attempt == AttemptId{1});
  CHECK(job.on_slots().empty());  // said twice
  CHECK(find<DeploySubtasks>(job.on_prepared()) != nullptr);
  CHECK(job.on_ready(kA).empty());
  CHECK(job.on_ready(kA).empty());  // said twice
  CHECK(find<StartSubtasks>(job.on_ready(kB)) != nullptr);
  CHECK(job.on_drained(kA).empty());
  CHECK(find<RequestEndCheckpoint>(job.on_drained(kB)) != nullptr);
  CHECK(job.on_done(kA).empty());
  CHECK(find<CleanUp>(job.on_done(kB))->outcome.kind == JobOutcome::Kind::finished);
  const auto end = job.on_cleaned();
  REQUIRE(find<EndJob>(end) != nullptr);
  CHECK(find<EndJob>(end)->outcome.kind == JobOutcome::Kind::finished);
  CHECK(job.state() == JobState::ended);
}

TEST_CASE("a job that waits for slots may get another plan", "[job]") {
  JobMachine job = make();
  run(job);
  (void)job.on_relocation(0s);
  (void)job.on_execution_ended();
  (void)job.on_restart_due();
  REQUIRE(job.state() == JobState::scheduling);
  const SubtaskId more{VertexId{1}, 1};
  job.on_new_plan({kA, kB, more});
  (void)job.on_slots();
  (void)job.on_prepared();
  (void)job.on_ready(kA);
  (void)job.on_ready(kB);
  CHECK(job.state() == JobState::deploying);
  (void)job.on_ready(more);
  CHECK(job.state() == JobState::running);
  CHECK(job.restarts() == 0);
  (void)job.on_drained(kA);
  CHECK(job.on_drained(kB).empty());
  CHECK(find<RequestEndCheckpoint>(job.on_drained(more)) != nullptr);
}

TEST_CASE("a job that has finished before ends at once", "[job]") {
  JobMachine job = make(restart::none(), {.subtasks = {kA}, .has_finished_before = true});
  const auto actions = job.on_start();
  REQUIRE(actions.size() == 1);
  CHECK(find<EndJob>(actions)->outcome.kind == JobOutcome::Kind::finished);
  CHECK(job.state() == JobState::ended);
}

TEST_CASE("a job whose sinks need no commit ends without a checkpoint", "[job]") {
  JobMachine job = make(restart::none(), {.subtasks = {kA, kB}, .needs_end_checkpoint = false});
  run(job);
  (void)job.on_drained(kA);
  CHECK(find<EndWithoutCheckpoint>(job.on_drained(kB)) != nullptr);
}

TEST_CASE("a failure ends the whole execution before a new one begins", "[job]") {
  JobMachine job = make();
  run(job);
  CHECK(find<EndExecution>(job.on_failure(failure(), 10s)) != nullptr);
  CHECK(job.state() == JobState::failing);
  CHECK(job.on_failure(failure(), 10s).empty());  // its consequences are not failures of their own
  CHECK(job.on_prepared().empty());
  CHECK(job.on_done(kA).empty());
  CHECK(find<WaitForRestart>(job.on_execution_ended())->at == 11s);
  CHECK(find<AcquireSlots>(job.on_restart_due())->attempt == AttemptId{2});
  CHECK(job.restarts() == 1);
  CHECK(job.last_failure() == "boom");
  run(job);
}

TEST_CASE("a failure in any stage of an execution leads to a restart", "[job]") {
  for (int stage = 0; stage < 4; ++stage) {
    CAPTURE(stage);
    JobMachine job = make();
    (void)job.on_start();
    if (stage > 0) (void)job.on_slots();
    if (stage > 1) (void)job.on_prepared();
    if (stage > 2) {
      (void)job.on_ready(kA);
      (void)job.on_ready(kB);
    }
    CHECK(find<EndExecution>(job.on_failure(failure(), 0s)) != nullptr);
    CHECK(find<WaitForRestart>(job.on_execution_ended()) != nullptr);
    (void)job.on_restart_due();
    run(job);
  }
}

TEST_CASE("a job that may not restart fails with the cause and the strategy", "[job]") {
  JobMachine job = make(restart::none());
  run(job);
  (void)job.on_failure(failure(), 0s);
  CHECK(find<CleanUp>(job.on_execution_ended())->outcome.kind == JobOutcome::Kind::failed);
  const auto end = job.on_cleaned();
  REQUIRE(find<EndJob>(end) != nullptr);
  CHECK(find<EndJob>(end)->outcome.kind == JobOutcome::Kind::failed);
  CHECK(find<EndJob>(end)->outcome.reason.find("boom") == 0);
  CHECK(find<EndJob>(end)->outcome.reason.find("restart-strategy.type") != std::string::npos);
}

TEST_CASE("a failure that a restart would meet again is final", "[job]") {
  for (const auto kind : {JobFailure::Kind::permanent, JobFailure::Kind::not_restorable}) {
    JobMachine job = make();
    (void)job.on_start();
    (void)job.on_failure(failure(kind), 0s);
    auto end = job.on_execution_ended();
    // Where nothing could be restored, nothing is touched.
    CHECK((find<CleanUp>(end) == nullptr) == (kind == JobFailure::Kind::not_restorable));
    if (kind == JobFailure::Kind::permanent) end = job.on_cleaned();
    REQUIRE(find<EndJob>(end) != nullptr);
    CHECK((find<EndJob>(end)->outcome.kind == JobOutcome::Kind::not_restorable) ==
          (kind == JobFailure::Kind::not_restorable));
  }
}

TEST_CASE("a stop takes a last checkpoint, then the job ends as stopped", "[job]") {
  JobMachine job = make();
  run(job);
  CHECK(find<RequestStopCheckpoint>(job.on_stop_requested(false)) != nullptr);
  CHECK(job.on_stop_requested(false).empty());
  (void)job.on_done(kA);
  CHECK(find<CleanUp>(job.on_done(kB))->outcome.kind == JobOutcome::Kind::stopped);
}

TEST_CASE("a stop of a job that has drained already is a finish", "[job]") {
  JobMachine job = make();
  run(job);
  (void)job.on_drained(kA);
  (void)job.on_drained(kB);
  (void)job.on_stop_requested(false);
  (void)job.on_done(kA);
  CHECK(find<CleanUp>(job.on_done(kB))->outcome.kind == JobOutcome::Kind::finished);
}

TEST_CASE("a stop before the job runs waits until it does", "[job]") {
  JobMachine job = make();
  (void)job.on_start();
  CHECK(job.on_stop_requested(false).empty());
  (void)job.on_slots();
  (void)job.on_prepared();
  (void)job.on_ready(kA);
  const auto actions = job.on_ready(kB);
  CHECK(find<RequestStopCheckpoint>(actions) != nullptr);
}

TEST_CASE("a stop at once, or one that can have no checkpoint, cancels in any state", "[job]") {
  for (int stage = 0; stage < 6; ++stage) {
    CAPTURE(stage);
    JobMachine job = make();
    if (stage > 0) (void)job.on_start();
    if (stage > 1) (void)job.on_slots();
    if (stage > 2) (void)job.on_prepared();
    if (stage > 3) {
      (void)job.on_ready(kA);
      (void)job.on_ready(kB);
    }
    if (stage > 4) (void)job.on_failure(failure(), 0s);
    auto actions = job.on_stop_requested(true);
    if (stage > 0) {
      if (stage <= 4) CHECK(find<EndExecution>(actions) != nullptr);
      actions = job.on_execution_ended();
      REQUIRE(find<CleanUp>(actions) != nullptr);
      CHECK(find<CleanUp>(actions)->outcome.kind == JobOutcome::Kind::cancelled);
      actions = job.on_cleaned();
    }
    REQUIRE(find<EndJob>(actions) != nullptr);
    CHECK(find<EndJob>(actions)->outcome.kind == JobOutcome::Kind::cancelled);
    CHECK(job.on_stop_requested(true).empty());
  }
}

TEST_CASE("a stop while the job waits for its restart cancels at once", "[job]") {
  JobMachine job = make();
  run(job);
  (void)job.on_failure(failure(), 0s);
  (void)job.on_execution_ended();
  CHECK(find<CleanUp>(job.on_stop_requested(false)) != nullptr);
  CHECK(job.on_restart_due().empty());
}

TEST_CASE("a stop whose checkpoint fails, and a job that fails while it stops, are cancelled",
          "[job]") {
  for (const bool job_fails : {true, false}) {
    JobMachine job = make();
    run(job);
    (void)job.on_stop_requested(false);
    const auto actions =
        job_fails ? job.on_failure(failure(), 0s) : job.on_stop_checkpoint_failed("disk full");
    CHECK(find<EndExecution>(actions) != nullptr);
    CHECK(find<CleanUp>(job.on_execution_ended()) != nullptr);
    const auto end = job.on_cleaned();
    CHECK(find<EndJob>(end)->outcome.kind == JobOutcome::Kind::cancelled);
    CHECK_FALSE(find<EndJob>(end)->outcome.reason.empty());
  }
}

TEST_CASE("a job that is drained finishes behind its savepoint, and takes no other checkpoint",
          "[job]") {
  JobMachine job = make();
  CHECK_FALSE(job.on_stop_with_savepoint(true));  // it does not run yet
  run(job);
  CHECK(job.can_take_savepoint());
  REQUIRE(job.on_stop_with_savepoint(true));
  CHECK_FALSE(job.can_take_savepoint());
  CHECK_FALSE(job.on_stop_with_savepoint(true));
  CHECK_FALSE(job.on_stop_with_savepoint(false));
  CHECK(job.on_relocation(1s).empty());
  CHECK(job.on_drained(kA).empty());
  SECTION("all is drained first") {
    CHECK(job.on_drained(kB).empty());
    job.on_stop_savepoint_completed();
  }
  SECTION("the savepoint is heard of first") {
    job.on_stop_savepoint_completed();
    CHECK_FALSE(job.can_take_savepoint());
    CHECK(job.on_drained(kB).empty());
  }
  (void)job.on_done(kA);
  CHECK(find<CleanUp>(job.on_done(kB))->outcome.kind == JobOutcome::Kind::finished);
}

TEST_CASE("a job that fails while it is drained goes on, before the savepoint and behind it",
          "[job]") {
  for (const bool is_complete : {false, true}) {
    JobMachine job = make();
    run(job);
    REQUIRE(job.on_stop_with_savepoint(true));
    (void)job.on_drained(kA);
    if (is_complete) job.on_stop_savepoint_completed();
    if (is_complete) CHECK(job.on_stop_requested(false).empty());  // it ends anyway
    JobActions actions;
    CHECK_FALSE(job.on_part_failure(failure(), {kA}, 0s, actions));  // no part can go back alone
    CHECK(find<EndExecution>(actions) != nullptr);
    CHECK(find<WaitForRestart>(job.on_execution_ended()) != nullptr);
    (void)job.on_restart_due();
    run(job);
    CHECK(job.can_take_savepoint());
    (void)job.on_drained(kA);
    CHECK(find<RequestEndCheckpoint>(job.on_drained(kB)) != nullptr);
  }
}

TEST_CASE("a drain that fails before any source has heard of it changes nothing", "[job]") {
  JobMachine job = make();
  run(job);
  REQUIRE(job.on_stop_with_savepoint(true));
  SECTION("the input goes on") {
    CHECK(job.on_stop_savepoint_failed().empty());
    CHECK(job.on_stop_with_savepoint(true));
  }
  SECTION("the input has ended meanwhile") {
    (void)job.on_drained(kA);
    CHECK(job.on_drained(kB).empty());
    CHECK(find<RequestEndCheckpoint>(job.on_stop_savepoint_failed()) != nullptr);
  }
  SECTION("somebody has asked for a plain stop meanwhile") {
    CHECK(job.on_stop_requested(false).empty());
    CHECK(find<RequestStopCheckpoint>(job.on_stop_savepoint_failed()) != nullptr);
  }
}

TEST_CASE("a job that is relocated begins anew at once, and counts no restart", "[job]") {
  JobMachine job = make(restart::none());
  CHECK(job.on_relocation(5s).empty());  // there is nothing to move yet
  run(job);
  CHECK(find<EndExecution>(job.on_relocation(5s)) != nullptr);
  CHECK(find<WaitForRestart>(job.on_execution_ended())->at == 5s);
  CHECK(find<AcquireSlots>(job.on_restart_due())->attempt == AttemptId{2});
  CHECK(job.restarts() == 0);
  CHECK(job.last_failure().empty());
  run(job);
  (void)job.on_stop_requested(false);
  CHECK(job.on_relocation(6s).empty());  // it ends anyway
}

TEST_CASE("no order of events breaks the life of a job", "[job]") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    JobMachine job = make(restart::fixed_delay({.attempts = 3, .delay = 1s}));
    (void)job.on_start();
    int ends = 0;
    for (int step = 0; step < 200; ++step) {
      const SubtaskId any = random.chance(0.5) ? kA : kB;
      JobActions actions;
      switch (random.below(16)) {
        case 0: actions = job.on_prepared(); break;
        case 1:
        case 2: actions = job.on_ready(any); break;
        case 3: actions = job.on_failure(failure(), std::chrono::seconds{step}); break;
        case 4: actions = job.on_execution_ended(); break;
        case 5: actions = job.on_restart_due(); break;
        case 6: actions = job.on_drained(any); break;
        case 7: actions = job.on_done(any); break;
        case 8:
          if (random.chance(0.05)) actions = job.on_stop_requested(random.chance(0.5));
          break;
        case 9: actions = job.on_cleaned(); break;
        case 10: actions = job.on_stop_checkpoint_failed("x"); break;
        case 11: actions = job.on_slots(); break;
        case 12: actions = job.on_relocation(std::chrono::seconds{step}); break;
        case 13: (void)job.on_stop_with_savepoint(random.chance(0.5)); break;
        case 14: actions = job.on_stop_savepoint_failed(); break;
        case 15: job.on_stop_savepoint_completed(); break;
      }
      ends += find<EndJob>(actions) != nullptr ? 1 : 0;
    }
    CHECK(ends == (job.state() == JobState::ended ? 1 : 0));
  }
}
