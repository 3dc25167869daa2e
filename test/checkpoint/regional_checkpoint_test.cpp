// Checkpoints that complete without some regions of the job: what the coordinator says to whom.
#include "checkpoint/coordinator.hpp"
#include "test/checkpoint/actions.hpp"
#include "test/checkpoint/lanes.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::all;
using test::kLanes;
using test::lane;
using test::subtask;

namespace {

/// Four lanes of two subtasks each.
struct Job {
  explicit Job(const CheckpointOptions& o = test::regional_options())
      : coordinator{o, CheckpointId{}, {}, {}, false, test::regions()} {
    coordinator.on_running(test::participants(), 0s, 10s);
  }

  CheckpointId trigger() {
    now = coordinator.next_wake().value();
    const auto reserved = all<ReserveId>(coordinator.on_tick(now));
    REQUIRE(reserved.size() == 1);
    (void)coordinator.on_reserved(reserved[0].id, {}, now, {});
    return reserved[0].id;
  }
  Actions ack(CheckpointId id, SubtaskId from, std::uint32_t attempt = 1,
              bool is_finished = false) {
    Ack answer{.id = id, .from = {from, AttemptId{attempt}}};
    answer.state.is_finished = is_finished;
    return coordinator.on_ack(answer);
  }
  /// All of a lane answer; returns what the last one led to.
  Actions ack_lane(CheckpointId id, std::uint32_t i, bool is_finished = false) {
    (void)ack(id, subtask(0, i), 1, is_finished);
    return ack(id, subtask(1, i), 1, is_finished);
  }
  Actions decline(CheckpointId id, SubtaskId from) {
    return coordinator.on_decline(
        {id, {from, AttemptId{1}}, FailureReason::snapshot_failed, "a disk"}, now);
  }
  CheckpointId complete() {
    const CheckpointId id = trigger();
    for (std::uint32_t i = 0; i < kLanes; ++i) (void)ack_lane(id, i);
    (void)coordinator.on_published(id, {}, now);
    return id;
  }
  /// One that completes without lane 0.
  CheckpointId complete_without() {
    const CheckpointId id = trigger();
    (void)decline(id, subtask(0, 0));
    for (std::uint32_t i = 1; i < kLanes; ++i) (void)ack_lane(id, i);
    (void)coordinator.on_published(id, {}, now);
    return id;
  }

  Coordinator coordinator;
  Duration now{};
};

}  // namespace

TEST_CASE("a checkpoint completes without a region that declines", "[regional]") {
  Job job;
  const CheckpointId first = job.complete();
  const CheckpointId id = job.trigger();
  (void)job.ack(id, subtask(0, 2));  // of no use any more when the other of the lane declines
  const Actions declined = job.decline(id, subtask(1, 2));
  REQUIRE(all<NotifyLeftOut>(declined).size() == 1);
  CHECK(all<NotifyLeftOut>(declined)[0].subtasks == lane(2));
  CHECK(all<NotifyLeftOut>(declined)[0].detail == "a disk");
  CHECK(all<DropState>(declined).size() == 1);
  CHECK(all<NotifyAborted>(declined).empty());
  (void)job.ack_lane(id, 0);
  (void)job.ack_lane(id, 1);
  const auto published = all<Publish>(job.ack_lane(id, 3));
  REQUIRE(published.size() == 1);
  CHECK(published[0].left_out == lane(2));
  CHECK(published[0].taken_from == first);
  CHECK(published[0].states.size() == 6);
  CHECK_FALSE(published[0].states.contains(subtask(0, 2)));

  const Actions done = job.coordinator.on_published(id, {}, job.now);
  const auto completed = all<NotifyCompleted>(done);
  REQUIRE(completed.size() == 1);
  CHECK(completed[0].report.left_out == lane(2));
  CHECK(completed[0].report.taken_from == first);
  CHECK(completed[0].record->left_out == std::vector{subtask(0, 2), subtask(1, 2)});
  CHECK(all<DropFiles>(done).size() == 1);  // the first has been taken over
  CHECK(job.coordinator.restore_point() == RestorePoint{RestorePoint::Kind::known, id});
}

TEST_CASE("late answers of a region that was left out count for nothing", "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId id = job.trigger();
  (void)job.decline(id, subtask(0, 0));
  const auto check_dropped = [&](AckResult result) {
    const Actions late = job.ack(id, subtask(1, 0));
    REQUIRE(late.size() == 1);
    CHECK(all<DropState>(late).size() == 1);
    CHECK(job.coordinator.last_ack_result() == result);
  };
  CHECK(job.decline(id, subtask(1, 0)).empty());
  check_dropped(AckResult::unknown);  // while it collects
  for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(id, i);
  check_dropped(AckResult::discarded);  // while it is being published
  (void)job.coordinator.on_published(id, {}, job.now);
  check_dropped(AckResult::discarded);  // when it is complete: all else of it stays
  CHECK(job.ack(id, subtask(1, 1)).empty());
  CHECK(job.coordinator.last_ack_result() == AckResult::duplicate);
}

TEST_CASE("at its timeout a checkpoint does without those who have not answered", "[regional]") {
  Job job;
  const CheckpointId first = job.complete();
  const CheckpointId id = job.trigger();
  for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(id, i);
  (void)job.ack(id, subtask(0, 0));
  job.now += 60s;
  const Actions expired = job.coordinator.on_tick(job.now);
  REQUIRE(all<NotifyLeftOut>(expired).size() == 1);
  CHECK(all<NotifyLeftOut>(expired)[0].subtasks == lane(0));
  CHECK(all<NotifyLeftOut>(expired)[0].reason == FailureReason::expired);
  REQUIRE(all<Publish>(expired).size() == 1);
  CHECK(all<Publish>(expired)[0].taken_from == first);
  // The publication has its own time.
  CHECK(all<NotifyAborted>(job.coordinator.on_tick(job.now + 59s)).empty());
  CHECK(all<NotifyAborted>(job.coordinator.on_tick(job.now + 60s)).size() == 1);
}

TEST_CASE("a region that fails is left out, also if it had answered", "[regional]") {
  Job job;
  const CheckpointId first = job.complete();
  const CheckpointId id = job.trigger();
  (void)job.ack_lane(id, 0);
  (void)job.ack_lane(id, 1);
  const Actions failed = job.coordinator.on_tasks_failed(lane(0), job.now);
  CHECK(all<NotifyAborted>(failed).empty());
  CHECK(all<DropState>(failed).size() == 2);
  CHECK_FALSE(all<Publish>(failed).size() == 1);
  // It restarts meanwhile from where it is in the checkpoint that is under way as well.
  CHECK(job.coordinator.restore_point() == RestorePoint{RestorePoint::Kind::known, first});
  (void)job.ack_lane(id, 2);
  const auto published = all<Publish>(job.ack_lane(id, 3));
  REQUIRE(published.size() == 1);
  CHECK(published[0].left_out == lane(0));
  SECTION("nothing that it may be reading is deleted before it runs") {
    CHECK(all<DropFiles>(job.coordinator.on_published(id, {}, job.now)).empty());
    const Actions replaced = job.coordinator.on_tasks_replaced(
        {{subtask(0, 0), AttemptId{2}}, {subtask(1, 0), AttemptId{2}}}, job.now);
    REQUIRE(all<DropFiles>(replaced).size() == 1);
    CHECK(all<DropFiles>(replaced)[0].id == first);
    CHECK(job.coordinator.on_tasks_replaced({}, job.now).empty());
  }
  SECTION("its new attempts take no part in the old checkpoint") {
    (void)job.coordinator.on_tasks_replaced(
        {{subtask(0, 0), AttemptId{2}}, {subtask(1, 0), AttemptId{2}}}, job.now);
    CHECK(all<DropState>(job.ack(id, subtask(0, 0), 2)).size() == 1);
    (void)job.coordinator.on_published(id, {}, job.now);
    const CheckpointId next = job.trigger();
    for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(next, i);
    (void)job.ack(next, subtask(0, 0), 2);
    CHECK(all<Publish>(job.ack(next, subtask(1, 0), 2)).at(0).left_out.empty());
  }
}

TEST_CASE("a failure of the last that had not answered completes the checkpoint", "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId id = job.trigger();
  for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(id, i);
  const Actions failed = job.coordinator.on_tasks_failed(lane(0), job.now);
  CHECK(all<Publish>(failed).size() == 1);
  CHECK(job.coordinator.restore_point().kind == RestorePoint::Kind::undecided);
}

TEST_CASE("a region that fails behind the last answer is part of it, as ever", "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId id = job.trigger();
  for (std::uint32_t i = 0; i < kLanes; ++i) (void)job.ack_lane(id, i);
  (void)job.coordinator.on_tasks_failed(lane(0), job.now);
  CHECK(job.coordinator.restore_point().kind == RestorePoint::Kind::undecided);
  const Actions done = job.coordinator.on_published(id, {}, job.now);
  CHECK(all<NotifyCompleted>(done).at(0).report.left_out.empty());
  CHECK(all<DropFiles>(done).size() == 1);  // it has waited, and restarts from the new one
}

TEST_CASE("a checkpoint that has nothing to take over needs all", "[regional]") {
  Job job;
  const CheckpointId id = job.trigger();
  CHECK(all<NotifyAborted>(job.decline(id, subtask(0, 0))).size() == 1);
  SECTION("what the execution began with is not its own") {
    Coordinator restored{test::regional_options(), CheckpointId{7}, {CheckpointId{7}}, {}, false,
                         test::regions()};
    restored.on_running(test::participants(), 0s, 0s);
    const CheckpointId next = all<ReserveId>(restored.on_tick(0s)).at(0).id;
    (void)restored.on_reserved(next, {}, 0s, {});
    CHECK(all<NotifyAborted>(restored.on_tasks_failed(lane(0), 1s)).size() == 1);
  }
}

TEST_CASE("as long as it is unknown what the last one has become, the next needs all",
          "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId lost = job.trigger();
  for (std::uint32_t i = 0; i < kLanes; ++i) (void)job.ack_lane(lost, i);
  (void)job.coordinator.on_published(lost, {ErrorCode::unknown_outcome, "?"}, job.now);
  const CheckpointId id = job.trigger();
  CHECK(all<NotifyAborted>(job.decline(id, subtask(0, 0))).size() == 1);
}

TEST_CASE("too many regions fail the checkpoint", "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId id = job.trigger();
  CHECK(all<NotifyAborted>(job.decline(id, subtask(0, 0))).empty());
  CHECK(all<NotifyAborted>(job.decline(id, subtask(0, 1))).empty());  // half of them
  const Actions third = job.decline(id, subtask(0, 2));
  REQUIRE(all<NotifyAborted>(third).size() == 1);
  CHECK(all<NotifyAborted>(third)[0].reason == FailureReason::snapshot_failed);
  CHECK(all<DropFiles>(third).size() == 1);
}

TEST_CASE("only periodic checkpoints do without anybody", "[regional]") {
  for (const auto kind : {CheckpointKind::stop, CheckpointKind::end_of_input}) {
    Job job;
    (void)job.complete();
    const auto reserved = all<ReserveId>(job.coordinator.on_request(kind, job.now));
    REQUIRE(reserved.size() == 1);
    (void)job.coordinator.on_reserved(reserved[0].id, {}, job.now, {});
    CHECK(all<NotifyAborted>(job.decline(reserved[0].id, subtask(0, 0))).size() == 1);
  }
  for (const auto kind : {CheckpointKind::savepoint, CheckpointKind::stop, CheckpointKind::drain}) {
    Job job;
    (void)job.complete();
    const auto reserved = all<ReserveId>(job.coordinator.on_savepoint_request(
        {.ticket = "t", .place = "/sp/one", .kind = kind}, job.now));
    REQUIRE(reserved.size() == 1);
    (void)job.coordinator.on_reserved(reserved[0].id, {}, job.now, {});
    CHECK(all<NotifyAborted>(job.coordinator.on_tasks_failed(lane(0), job.now)).size() == 1);
  }
}

TEST_CASE("after two in a row the next needs all", "[regional]") {
  Job job;
  (void)job.complete();
  (void)job.complete_without();
  const CheckpointId second = job.complete_without();
  CHECK(job.coordinator.retained() == std::vector{second});
  const CheckpointId forced = job.trigger();
  CHECK(all<NotifyAborted>(job.decline(forced, subtask(0, 0))).size() == 1);
  CHECK(job.coordinator.retained() == std::vector{second});
  const CheckpointId next = job.complete_without();  // counting has begun anew
  CHECK(job.coordinator.retained() == std::vector{next});
}

TEST_CASE("a checkpoint without some is never the last one", "[regional]") {
  Job job;
  (void)job.complete();
  const CheckpointId id = job.trigger();
  (void)job.decline(id, subtask(0, 0));
  for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(id, i, true);
  const auto done = all<NotifyCompleted>(job.coordinator.on_published(id, {}, job.now));
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].report.is_final);
}

TEST_CASE("not asked for, nothing of it happens", "[regional]") {
  Job job{test::regional_options(false)};
  (void)job.complete();
  const CheckpointId id = job.trigger();
  for (std::uint32_t i = 1; i < kLanes; ++i) (void)job.ack_lane(id, i);
  SECTION("declined") {
    CHECK(all<NotifyAborted>(job.decline(id, subtask(0, 0))).size() == 1);
  }
  SECTION("expired") {
    CHECK(all<NotifyAborted>(job.coordinator.on_tick(job.now + 60s)).size() == 1);
  }
  SECTION("failed") {
    CHECK(all<NotifyAborted>(job.coordinator.on_tasks_failed(lane(0), job.now)).size() == 1);
  }
}
