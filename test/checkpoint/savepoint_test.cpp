// Savepoints: what the coordinator makes of a request.
#include "checkpoint/coordinator.hpp"
#include "checkpoint/savepoint_table.hpp"
#include "test/checkpoint/actions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <variant>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::all;

namespace {

Speaker speaker(std::uint32_t index) {
  return {{VertexId{0}, index}, AttemptId{1}};
}

/// A coordinator with two running subtasks.
struct Job {
  explicit Job(CheckpointOptions options = {.every = 10s, .timeout = 60s},
               bool one_at_a_time = false)
      : coordinator{options, CheckpointId{}, {}, {}, one_at_a_time} {
    coordinator.on_running({speaker(0), speaker(1)}, 0s, 10s);
  }
  Actions ask(const std::string& ticket = "t", CheckpointKind kind = CheckpointKind::savepoint) {
    return coordinator.on_savepoint_request({ticket, "/sp/savepoint-job-run", kind}, now);
  }
  Actions reserved(std::uint64_t id, Status status = {}) {
    return coordinator.on_reserved(CheckpointId{id}, status, now, WallTime{});
  }
  Actions ack(std::uint64_t id, std::uint32_t index) {
    return coordinator.on_ack(
        {.id = CheckpointId{id}, .from = speaker(index), .state = {}, .timings = {}});
  }
  Actions published(std::uint64_t id, Status status = {}) {
    return coordinator.on_published(CheckpointId{id}, status, now);
  }
  /// From the reservation to the completion.
  Actions complete(std::uint64_t id) {
    reserved(id);
    ack(id, 0);
    ack(id, 1);
    return published(id);
  }

  Coordinator coordinator;
  Duration now{};
};

}  // namespace

TEST_CASE("savepoints begin in the order of the requests, or not at all", "[savepoint]") {
  SavepointTable table;
  table.ask({"a", "/sp/s"});
  table.ask({"b", "/sp/s", CheckpointKind::stop, SavepointFormat::native});
  table.ask({"c", "/sp/s"});
  CHECK(table.begin(CheckpointId{4}).ticket == "a");
  const Savepoint& second = table.begin(CheckpointId{5});
  CHECK(second.directory == "/sp/s-5");
  CHECK(second.kind == CheckpointKind::stop);
  CHECK(second.format == SavepointFormat::native);
  CHECK(table.give_up_waiting() == std::vector<std::string>{"c"});
  CHECK_FALSE(table.has_waiting());
  CHECK(table.contains(CheckpointId{4}));
  CHECK_FALSE(table.contains(CheckpointId{6}));
  CHECK(table.find(CheckpointId{6}) == nullptr);
  table.keep_files(CheckpointId{4});
  CHECK(table.find(CheckpointId{4})->keeps_files);
  CHECK_FALSE(table.find(CheckpointId{5})->keeps_files);
}

TEST_CASE("a savepoint goes to a directory of its own, and who asked hears of it", "[savepoint]") {
  Job job;
  const auto reserve = all<ReserveId>(job.ask());
  REQUIRE(reserve.size() == 1);
  CHECK(reserve[0].id == CheckpointId{1});
  CHECK(reserve[0].directory == "/sp/savepoint-job-run-1");

  const auto trigger = all<TriggerSources>(job.reserved(1));
  REQUIRE(trigger.size() == 1);
  CHECK(trigger[0].barrier.kind == CheckpointKind::savepoint);
  CHECK(trigger[0].barrier.directory == "/sp/savepoint-job-run-1");

  job.ack(1, 0);
  const auto publish = all<Publish>(job.ack(1, 1));
  REQUIRE(publish.size() == 1);
  CHECK(publish[0].barrier.directory == "/sp/savepoint-job-run-1");

  const Actions done = job.published(1);
  REQUIRE(done.size() == 1);  // nobody commits, nothing is deleted
  const auto completed = all<SavepointCompleted>(done);
  REQUIRE(completed.size() == 1);
  CHECK(completed[0].ticket == "t");
  CHECK(completed[0].directory == "/sp/savepoint-job-run-1");
}

TEST_CASE("a savepoint is neither retained nor restored from, nor does it subsume", "[savepoint]") {
  Job job;
  CHECK(job.coordinator.on_tick(10s).size() == 1);  // checkpoint 1
  job.reserved(1);
  job.ask();
  CHECK(job.complete(2).size() == 1);
  CHECK(job.coordinator.retained().empty());
  CHECK(job.coordinator.restore_point() == RestorePoint{});
  CHECK(job.coordinator.pending().contains(CheckpointId{1}));

  job.ack(1, 0);
  job.ack(1, 1);
  job.published(1);
  CHECK(job.coordinator.retained() == std::vector{CheckpointId{1}});
  CHECK(job.coordinator.restore_point().checkpoint == CheckpointId{1});
}

TEST_CASE("a newer checkpoint does not subsume a savepoint", "[savepoint]") {
  Job job{{.every = 10s, .timeout = 60s, .max_concurrent = 2}};
  job.ask();
  job.reserved(1);
  job.now = 10s;
  REQUIRE(all<ReserveId>(job.coordinator.on_tick(10s)).size() == 1);
  const Actions done = job.complete(2);
  CHECK(all<NotifyCompleted>(done).size() == 1);
  CHECK(all<SavepointFailed>(done).empty());
  CHECK(job.coordinator.pending().contains(CheckpointId{1}));
}

TEST_CASE("a savepoint does not wait for a checkpoint under way, but for its id", "[savepoint]") {
  Job job;
  CHECK(job.coordinator.on_tick(10s).size() == 1);
  CHECK(job.ask().empty());  // sources must hear of checkpoint 1 first
  const Actions reserved = job.reserved(1);
  REQUIRE(reserved.size() == 2);
  CHECK(std::holds_alternative<TriggerSources>(reserved[0]));
  CHECK(all<ReserveId>(reserved).at(0).id == CheckpointId{2});
}

TEST_CASE("no checkpoint begins before a savepoint has its id, and one may behind it",
          "[savepoint]") {
  Job job{{.every = 10s, .timeout = 60s, .max_concurrent = 2}};
  job.ask();
  job.now = 10s;
  CHECK(job.coordinator.on_tick(10s).empty());
  CHECK(job.coordinator.next_wake() == 60s);  // no turn in between, in which nothing could be done
  const Actions reserved = job.reserved(1);
  CHECK(all<TriggerSources>(reserved).size() == 1);
  CHECK(all<ReserveId>(reserved).at(0).id == CheckpointId{2});
}

TEST_CASE("nobody hears that a checkpoint is off of which nobody has heard", "[savepoint]") {
  Job job;
  job.now = 10s;
  job.coordinator.on_tick(job.now);
  job.reserved(1);  // its barriers are on their way when the savepoint fails
  job.ask();
  const auto failed = all<NotifyAborted>(job.reserved(2, {ErrorCode::already_exists, "a file"}));
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].id == CheckpointId{2});
  CHECK_FALSE(failed[0].was_triggered);
  job.ack(1, 0);
  CHECK(all<Publish>(job.ack(1, 1)).size() == 1);
  job.published(1);
  job.ask();
  job.reserved(3);
  const auto declined = all<NotifyAborted>(job.coordinator.on_decline(
      {CheckpointId{3}, speaker(0), FailureReason::snapshot_failed, ""}, job.now));
  REQUIRE(declined.size() == 1);
  CHECK(declined[0].was_triggered);
}

TEST_CASE("a savepoint and checkpoints that record channels wait for each other",
          "[savepoint][unaligned][iteration]") {
  const bool unaligned = GENERATE(true, false);  // or the job has an iteration
  Job job{{.every = 10s, .timeout = 60s, .unaligned = unaligned}, !unaligned};
  job.now = 10s;
  REQUIRE(all<ReserveId>(job.coordinator.on_tick(job.now)).size() == 1);
  CHECK(all<TriggerSources>(job.reserved(1)).at(0).barrier.mode ==
        (unaligned ? BarrierMode::unaligned : BarrierMode::aligned));
  CHECK(job.ask("first").empty());
  CHECK(job.ask("second").empty());
  job.ack(1, 0);
  job.ack(1, 1);
  const auto next = all<ReserveId>(job.published(1));
  REQUIRE(next.size() == 1);  // the first savepoint, ahead of what has become due meanwhile
  CHECK(next[0].directory == "/sp/savepoint-job-run-2");
  job.now = 30s;
  CHECK(all<ReserveId>(job.coordinator.on_tick(job.now)).empty());
  CHECK(all<TriggerSources>(job.reserved(2)).at(0).barrier.mode == BarrierMode::aligned);
  CHECK(all<ReserveId>(job.coordinator.on_tick(job.now)).empty());
  job.ack(2, 0);
  job.ack(2, 1);
  CHECK(all<ReserveId>(job.published(2)).at(0).directory == "/sp/savepoint-job-run-3");
  const auto after = all<ReserveId>(job.complete(3));
  REQUIRE(after.size() == 1);
  CHECK(after[0].directory.empty());
}

TEST_CASE("a savepoint begins when the checkpoint before it has failed", "[savepoint][unaligned]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 9, .unaligned = true}};
  job.now = 10s;
  job.coordinator.on_tick(job.now);
  job.reserved(1);
  job.ask();
  SECTION("declined") {
    const auto actions = job.coordinator.on_decline(
        {CheckpointId{1}, speaker(0), FailureReason::snapshot_failed, ""}, job.now);
    CHECK(all<ReserveId>(actions).at(0).directory == "/sp/savepoint-job-run-2");
  }
  SECTION("expired") {
    job.now = 70s;
    CHECK(all<ReserveId>(job.coordinator.on_tick(job.now)).at(0).directory ==
          "/sp/savepoint-job-run-2");
  }
}

TEST_CASE("only periodic checkpoints overtake, and after a wait if there is one",
          "[coordinator][unaligned]") {
  Job job{{.every = 10s, .unaligned = true, .aligned_timeout = 5ms}};
  const auto mode = [&](const Actions& actions) {
    const auto id = all<ReserveId>(actions).at(0).id.value();
    const auto barrier = all<TriggerSources>(job.reserved(id)).at(0).barrier;
    job.ack(id, 0);
    job.ack(id, 1);
    job.published(id);
    return barrier.mode;
  };
  CHECK(mode(job.coordinator.on_request(CheckpointKind::periodic, 0s)) ==
        BarrierMode::aligned_then_unaligned);
  CHECK(mode(job.coordinator.on_request(CheckpointKind::end_of_input, 0s)) == BarrierMode::aligned);
  CHECK(mode(job.coordinator.on_request(CheckpointKind::stop, 0s)) == BarrierMode::aligned);
  Job counting{{.every = 10s, .guarantee = Guarantee::at_least_once}};
  counting.coordinator.on_tick(10s);
  CHECK(all<TriggerSources>(counting.reserved(1)).at(0).barrier.mode == BarrierMode::at_least_once);
}

TEST_CASE("failures of savepoints fail no job, and leave nothing behind", "[savepoint]") {
  Job job;  // no checkpoint may fail
  SECTION("the target cannot be written") {
    job.ask();
    const Actions failed = job.reserved(1, {ErrorCode::permission_denied, "/sp: no"});
    CHECK(all<SavepointFailed>(failed).at(0).detail == "/sp: no");
    CHECK(all<DropSavepoint>(failed).at(0).directory == "/sp/savepoint-job-run-1");
    CHECK(all<FailJob>(failed).empty());
  }
  SECTION("a subtask cannot store its state") {
    job.ask();
    job.reserved(1);
    const Actions failed = job.coordinator.on_decline(
        {CheckpointId{1}, speaker(0), FailureReason::snapshot_failed, "disk full"}, 0s);
    CHECK(all<SavepointFailed>(failed).at(0).detail == "disk full");
    CHECK(all<NotifyAborted>(failed).at(0).is_savepoint);
    CHECK(all<DropSavepoint>(failed).size() == 1);
    CHECK(all<DropFiles>(failed).empty());
    CHECK(all<FailJob>(failed).empty());
    // What comes too late goes as well.
    CHECK(all<DropSavepoint>(job.ack(1, 1)).size() == 1);
  }
  SECTION("it takes too long") {
    job.ask();
    job.reserved(1);
    const auto failed = all<SavepointFailed>(job.coordinator.on_tick(60s));
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].reason == FailureReason::expired);
    CHECK(failed[0].missing.size() == 2);
  }
  SECTION("its metadata cannot be written") {
    job.ask();
    job.reserved(1);
    job.ack(1, 0);
    job.ack(1, 1);
    const Actions failed = job.published(1, {ErrorCode::out_of_space, "full"});
    CHECK(all<SavepointFailed>(failed).at(0).reason == FailureReason::publish_failed);
    CHECK(all<DropSavepoint>(failed).size() == 1);
    CHECK(all<FailJob>(failed).empty());
  }
  SECTION("nobody knows whether its metadata is there: it is kept") {
    job.ask();
    job.reserved(1);
    job.ack(1, 0);
    job.ack(1, 1);
    const Actions failed = job.published(1, {ErrorCode::unknown_outcome, "hm"});
    CHECK(all<SavepointFailed>(failed).size() == 1);
    CHECK(all<DropSavepoint>(failed).empty());
    CHECK(job.ack(1, 1).empty());
  }
}

TEST_CASE("who asks for a savepoint of a job that does not run hears so at once", "[savepoint]") {
  Coordinator coordinator{{.every = 10s}, CheckpointId{}, {}};
  const auto refused = all<SavepointFailed>(coordinator.on_savepoint_request({"t", "/sp/s"}, 0s));
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].reason == FailureReason::tasks_not_running);
}

TEST_CASE("the failure of a subtask ends all savepoints, also those that wait", "[savepoint]") {
  Job job;
  job.ask("first");
  CHECK(job.ask("second").empty());
  const auto failed = all<SavepointFailed>(job.coordinator.on_tasks_failed({}, 1s));
  REQUIRE(failed.size() == 2);
  CHECK(failed[0].ticket == "first");
  CHECK(failed[1].ticket == "second");
  CHECK(all<SavepointFailed>(job.ask("third")).size() == 1);
}

TEST_CASE("with a savepoint that the job stops behind results are committed", "[savepoint]") {
  Job job;
  CHECK(job.coordinator.on_tick(10s).size() == 1);
  job.reserved(1);
  const auto reserve = all<ReserveId>(job.ask("t", CheckpointKind::stop));
  REQUIRE(reserve.size() == 1);
  const Actions done = job.complete(2);
  CHECK(all<NotifyAborted>(done).at(0).reason == FailureReason::subsumed);  // checkpoint 1
  REQUIRE(all<NotifyCompleted>(done).size() == 1);
  CHECK(all<NotifyCompleted>(done)[0].report.kind == CheckpointKind::stop);
  const auto place_of = [&](const auto& is_it) {
    return std::find_if(done.begin(), done.end(), is_it) - done.begin();
  };
  // The job may have ended as soon as its subtasks know.
  CHECK(place_of([](const Action& a) { return std::holds_alternative<SavepointCompleted>(a); }) <
        place_of([](const Action& a) { return std::holds_alternative<NotifyCompleted>(a); }));
  CHECK(all<SavepointCompleted>(done).size() == 1);
  CHECK(job.coordinator.restore_point().kind == RestorePoint::Kind::impossible);
}

TEST_CASE("once sources are told to drain, nothing else begins", "[savepoint]") {
  Job job{{.every = 10s, .timeout = 60s, .max_concurrent = 2}};
  job.ask("drain", CheckpointKind::drain);
  CHECK(job.ask("too late").empty());
  const Actions reserved = job.reserved(1);
  CHECK(all<TriggerSources>(reserved).at(0).barrier.kind == CheckpointKind::drain);
  const auto refused = all<SavepointFailed>(reserved);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].ticket == "too late");
  CHECK(refused[0].reason == FailureReason::job_stopping);
  job.now = 20s;
  CHECK(job.coordinator.on_tick(20s).empty());
  CHECK(job.coordinator.next_wake() == 60s);
  CHECK(job.coordinator.on_request(CheckpointKind::end_of_input, 20s).empty());
  CHECK(all<SavepointFailed>(job.ask("later")).size() == 1);

  job.ack(1, 0);
  job.ack(1, 1);
  const Actions done = job.published(1);
  CHECK(all<NotifyCompleted>(done).size() == 1);
  CHECK(all<SavepointCompleted>(done).at(0).ticket == "drain");
  CHECK(job.coordinator.restore_point().kind == RestorePoint::Kind::impossible);
}

TEST_CASE("a drain that fails once sources have heard of it ends the execution", "[savepoint]") {
  Job job;
  SECTION("it takes too long") {
    job.ask("t", CheckpointKind::drain);
    job.reserved(1);
    CHECK(all<SavepointFailed>(job.coordinator.on_tick(60s)).at(0).has_drained);
  }
  SECTION("a subtask cannot store its state") {
    job.ask("t", CheckpointKind::drain);
    job.reserved(1);
    CHECK(all<SavepointFailed>(job.coordinator.on_decline({CheckpointId{1}, speaker(0)}, 0s))
              .at(0)
              .has_drained);
  }
  SECTION("its metadata cannot be written") {
    job.ask("t", CheckpointKind::drain);
    job.reserved(1);
    job.ack(1, 0);
    job.ack(1, 1);
    CHECK(all<SavepointFailed>(job.published(1, {ErrorCode::out_of_space, "full"}))
              .at(0)
              .has_drained);
  }
  SECTION("its place cannot be made: nothing has happened") {
    job.ask("t", CheckpointKind::drain);
    const Actions failed = job.reserved(1, {ErrorCode::permission_denied, "/sp: no"});
    CHECK_FALSE(all<SavepointFailed>(failed).at(0).has_drained);
    CHECK(all<ReserveId>(job.coordinator.on_tick(10s)).size() == 1);  // checkpoints go on
  }
  SECTION("the job has come to its end by itself: nobody needs it") {
    job.coordinator.on_request(CheckpointKind::end_of_input, 0s);
    job.reserved(1);
    job.ask("t", CheckpointKind::drain);
    job.reserved(2);
    for (const std::uint32_t index : {0U, 1U}) {
      Ack ack{.id = CheckpointId{1}, .from = speaker(index)};
      ack.state.is_finished = true;
      job.coordinator.on_ack(ack);
    }
    job.published(1);
    CHECK_FALSE(all<SavepointFailed>(job.coordinator.on_tick(60s)).at(0).has_drained);
  }
  SECTION("who only stops goes on") {
    job.ask("t", CheckpointKind::stop);
    job.reserved(1);
    CHECK_FALSE(all<SavepointFailed>(job.coordinator.on_tick(60s)).at(0).has_drained);
  }
}
