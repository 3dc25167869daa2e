// Some subtasks fail and restart while the others go on: what becomes of checkpoints.
#include "base/random.hpp"
#include "checkpoint/coordinator.hpp"
#include "test/checkpoint/actions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::all;

namespace {

using Kind = RestorePoint::Kind;

Speaker speaker(std::uint32_t index, std::uint32_t attempt = 1) {
  return {{VertexId{0}, index}, AttemptId{attempt}};
}

/// Two running subtasks, of which the second fails in these tests.
struct Job {
  explicit Job(CheckpointOptions options = {.every = 10s, .timeout = 60s, .max_concurrent = 2})
      : coordinator{options, CheckpointId{}, {}} {
    coordinator.on_running({speaker(0), speaker(1)}, 0s, 10s);
  }
  CheckpointId reserve(Duration at) {
    now = at;
    const auto reserved = all<ReserveId>(coordinator.on_tick(now));
    REQUIRE(reserved.size() == 1);
    return reserved[0].id;
  }
  CheckpointId trigger(Duration at) {
    const CheckpointId id = reserve(at);
    REQUIRE(all<TriggerSources>(coordinator.on_reserved(id, {}, now, {})).size() == 1);
    return id;
  }
  Actions ack(CheckpointId id, const Speaker& from, bool is_finished = false) {
    Ack answer{.id = id, .from = from};
    answer.state.is_finished = is_finished;
    return coordinator.on_ack(answer);
  }
  CheckpointId publish(Duration at, bool is_finished = false) {
    const CheckpointId id = trigger(at);
    (void)ack(id, speaker(0), is_finished);
    REQUIRE(all<Publish>(ack(id, speaker(1), is_finished)).size() == 1);
    return id;
  }
  CheckpointId complete(Duration at, bool is_finished = false) {
    const CheckpointId id = publish(at, is_finished);
    (void)coordinator.on_published(id, {}, now);
    return id;
  }

  Coordinator coordinator;
  Duration now{};
};

}  // namespace

TEST_CASE("subtasks restart from the last checkpoint, or from where the execution began",
          "[coordinator]") {
  Job job;
  CHECK(job.coordinator.restore_point() == RestorePoint{Kind::known, {}});
  const CheckpointId id = job.complete(10s);
  CHECK(job.coordinator.restore_point() == RestorePoint{Kind::known, id});
  Coordinator restored{{.every = 10s}, CheckpointId{7}, {CheckpointId{7}}};
  CHECK(restored.restore_point() == RestorePoint{Kind::known, {}});  // 7 may have been damaged
}

TEST_CASE("a failure of some subtasks aborts all that is under way, uncounted", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .max_concurrent = 2, .tolerable_failures = 0}};
  const CheckpointId pending = job.trigger(10s);
  const CheckpointId reserving = job.reserve(20s);
  const Actions actions = job.coordinator.on_tasks_failed({speaker(1).subtask}, 21s);
  std::set<CheckpointId> aborted;
  for (const auto& abort : all<NotifyAborted>(actions)) {
    CHECK(abort.reason == FailureReason::task_failed);
    aborted.insert(abort.id);
  }
  CHECK(aborted == std::set{pending, reserving});
  CHECK(all<DropFiles>(actions).size() == 2);
  CHECK(all<FailJob>(actions).empty());
  CHECK(all<DropFiles>(job.coordinator.on_reserved(reserving, {}, 22s, {})).size() == 1);
  CHECK(all<DropFiles>(job.ack(pending, speaker(0))).size() == 1);
}

TEST_CASE("no checkpoint begins before the failed subtasks run again", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s}};
  (void)job.coordinator.on_tasks_failed({speaker(1).subtask}, 5s);
  CHECK_FALSE(job.coordinator.next_wake());
  CHECK(job.coordinator.on_tick(100s).empty());
  job.coordinator.on_tasks_replaced({speaker(1, 2)}, 100s);
  CHECK(job.coordinator.next_wake() == 10s);  // overdue
  const CheckpointId id = job.trigger(101s);
  CHECK(all<DropState>(job.ack(id, speaker(1, 1))).size() == 1);  // the attempt that failed
  CHECK(job.coordinator.last_ack_result() == AckResult::unknown);
  CHECK(job.ack(id, speaker(0)).empty());
  CHECK(all<Publish>(job.ack(id, speaker(1, 2))).size() == 1);
}

TEST_CASE("a request is forgotten with the subtasks that asked for it", "[coordinator]") {
  Job job{{.every = 0s}};
  const auto reserved =
      all<ReserveId>(job.coordinator.on_request(CheckpointKind::end_of_input, 1s));
  REQUIRE(reserved.size() == 1);
  (void)job.coordinator.on_tasks_failed({speaker(1).subtask}, 2s);
  job.coordinator.on_tasks_replaced({speaker(1, 2)}, 100s);
  CHECK(job.coordinator.on_tick(100s).empty());
  CHECK(all<ReserveId>(job.coordinator.on_request(CheckpointKind::end_of_input, 101s)).size() == 1);
}

TEST_CASE("a publication under way is waited for, and decides", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 9}};
  const CheckpointId first = job.complete(10s);
  const CheckpointId second = job.publish(20s);
  CHECK(job.coordinator.on_tasks_failed({speaker(1).subtask}, 21s).empty());
  CHECK(job.coordinator.restore_point().kind == Kind::undecided);
  SECTION("it completes") {
    CHECK(all<NotifyCompleted>(job.coordinator.on_published(second, {}, 22s)).size() == 1);
    CHECK(job.coordinator.restore_point() == RestorePoint{Kind::known, second});
  }
  SECTION("it fails") {
    (void)job.coordinator.on_published(second, {ErrorCode::unavailable, "no"}, 22s);
    CHECK(job.coordinator.restore_point() == RestorePoint{Kind::known, first});
  }
  SECTION("nobody knows") {
    (void)job.coordinator.on_published(second, {ErrorCode::unknown_outcome, "?"}, 22s);
    CHECK(job.coordinator.restore_point().kind == Kind::impossible);
  }
  SECTION("the storage hangs") {
    CHECK(job.coordinator.next_wake() == 80s);
    (void)job.coordinator.on_tick(80s);
    CHECK(job.coordinator.restore_point().kind == Kind::impossible);
  }
}

TEST_CASE("an outcome that was unknown no longer matters once a newer one has completed",
          "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 9}};
  const CheckpointId lost = job.publish(10s);
  (void)job.coordinator.on_published(lost, {ErrorCode::unknown_outcome, "?"}, 11s);
  CHECK(job.coordinator.restore_point().kind == Kind::impossible);
  const CheckpointId next = job.complete(20s);
  CHECK(job.coordinator.restore_point() == RestorePoint{Kind::known, next});
}

TEST_CASE("behind the last checkpoint of a job nobody restarts alone", "[coordinator]") {
  Job finished;
  (void)finished.complete(10s, true);
  CHECK(finished.coordinator.restore_point().kind == Kind::impossible);
  Job stopped;
  stopped.now = 1s;
  const auto reserved = all<ReserveId>(stopped.coordinator.on_request(CheckpointKind::stop, 1s));
  REQUIRE(reserved.size() == 1);
  (void)stopped.coordinator.on_reserved(reserved[0].id, {}, 1s, {});
  (void)stopped.ack(reserved[0].id, speaker(0));
  (void)stopped.ack(reserved[0].id, speaker(1));
  (void)stopped.coordinator.on_published(reserved[0].id, {}, 2s);
  CHECK(stopped.coordinator.restore_point().kind == Kind::impossible);
}

// Random failures and restarts of single subtasks among random checkpoints: a checkpoint completes
// only from answers of attempts that were all running when it was triggered, and until its end.
TEST_CASE("random restarts: a checkpoint never mixes attempts", "[coordinator]") {
  int completions = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Coordinator coordinator{
        {.every = 1s, .timeout = 1h, .max_concurrent = 3, .tolerable_failures = 1'000},
        CheckpointId{},
        {}};
    std::vector<Speaker> running{speaker(0), speaker(1), speaker(2)};
    coordinator.on_running(running, 0s, 1s);
    std::uint32_t last_attempt = 1;
    bool is_restarting = false;
    std::map<CheckpointId, std::vector<Speaker>> triggered;  // with who ran then
    std::optional<CheckpointId> completed;
    Duration now{};
    const auto take = [&](const Actions& actions) {
      for (const Action& action : actions) {
        if (const auto* trigger = std::get_if<TriggerSources>(&action)) {
          CHECK_FALSE(is_restarting);
          triggered[trigger->barrier.id] = running;
        } else if (const auto* publish = std::get_if<Publish>(&action)) {
          CHECK(triggered.at(publish->barrier.id) == running);
        } else if (const auto* done = std::get_if<NotifyCompleted>(&action)) {
          completed = std::max(completed, std::optional{done->report.id});
        }
      }
    };
    std::vector<CheckpointId> reserved;
    std::vector<CheckpointId> published;
    for (int step = 0; step < 300; ++step) {
      now += std::chrono::milliseconds{random.below(700)};
      Actions actions = coordinator.on_tick(now);
      take(actions);
      for (const auto& reserve : all<ReserveId>(actions)) reserved.push_back(reserve.id);
      if (!reserved.empty() && random.chance(0.7)) {
        take(coordinator.on_reserved(reserved.back(), {}, now, {}));
        reserved.pop_back();
      }
      if (!triggered.empty()) {
        auto at = triggered.begin();
        std::advance(at, random.below(triggered.size()));
        actions = coordinator.on_ack({.id = at->first, .from = at->second[random.below(3)]});
        take(actions);
        for (const auto& publish : all<Publish>(actions)) published.push_back(publish.barrier.id);
      }
      if (!published.empty() && random.chance(0.5)) {
        const Status status = random.chance(0.8) ? Status{} : Status{ErrorCode::unavailable, "no"};
        take(coordinator.on_published(published.back(), status, now));
        published.pop_back();
      }
      if (!is_restarting && random.chance(0.05)) {
        is_restarting = true;
        take(coordinator.on_tasks_failed({}, now));
      } else if (is_restarting && coordinator.restore_point().kind != Kind::undecided) {
        CHECK(coordinator.restore_point() == RestorePoint{Kind::known, completed});
        Speaker& restarted = running[random.below(3)];
        restarted.attempt = AttemptId{++last_attempt};
        coordinator.on_tasks_replaced({restarted}, now);
        is_restarting = false;
      }
    }
    completions += completed ? 1 : 0;
  }
  CHECK(completions > 450);
}
