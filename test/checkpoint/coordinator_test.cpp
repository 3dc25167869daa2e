#include "test/checkpoint/coordinated_job.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::count;
using test::find;
using test::speaker;
using Job = test::CoordinatedJob;

TEST_CASE("a checkpoint goes from reservation to notification in this order", "[coordinator]") {
  Job job;
  CHECK(job.coordinator.next_wake() == 10s);
  CHECK_FALSE(job.tick(9s));
  const auto id = job.tick(10s);
  REQUIRE(id == CheckpointId{1});
  CHECK(job.last.size() == 1);  // nobody hears of the id before it is durable

  job.reserved(*id);
  const auto* trigger = find<TriggerSources>(job.last);
  REQUIRE(trigger != nullptr);
  CHECK(trigger->barrier.id == *id);
  CHECK(trigger->barrier.mode == BarrierMode::aligned);

  CHECK(job.ack(*id, 1).empty());
  job.now = 12s;
  job.ack(*id, 0);
  REQUIRE(find<Publish>(job.last) != nullptr);
  CHECK(find<Publish>(job.last)->states.size() == 2);
  CHECK(find<NotifyCompleted>(job.last) == nullptr);  // not before the metadata is durable

  job.now = 13s;
  job.published(*id);
  const auto* completed = find<NotifyCompleted>(job.last);
  REQUIRE(completed != nullptr);
  CHECK(completed->report.duration == 3s);
  CHECK(completed->report.slowest.alignment == 5ms);
  CHECK_FALSE(completed->report.is_final);
  CHECK(job.coordinator.retained() == std::vector<CheckpointId>{*id});
  const CheckpointRecord record = completed->record.value();
  CHECK(record.id == *id);
  CHECK(record.duration == 3s);
  CHECK(record.subtasks == 2);
  REQUIRE(record.answers.size() == 2);
  CHECK(record.answers[1].subtask == speaker(1).subtask);
  CHECK(record.answers[1].timings.alignment == 5ms);
}

TEST_CASE("of a checkpoint that came to nothing there is a record of how far it came",
          "[coordinator]") {
  Job job;
  const auto unreserved = job.tick(10s);
  job.reserved(*unreserved, {ErrorCode::out_of_space, "the disk is full"});
  const auto* aborted = find<NotifyAborted>(job.last);
  REQUIRE(aborted != nullptr);
  CHECK(aborted->record.id == *unreserved);
  CHECK(aborted->record.subtasks == 0);

  const auto declined = job.tick(30s);
  REQUIRE(declined);
  job.reserved(*declined);
  job.ack(*declined, 1);
  job.now = 32s;
  job.decline(*declined);
  aborted = find<NotifyAborted>(job.last);
  REQUIRE(aborted != nullptr);
  CHECK(aborted->record.id == *declined);
  CHECK(aborted->record.duration == 2s);
  CHECK(aborted->record.subtasks == 2);
  CHECK(aborted->record.answers.size() == 1);

  const auto* reserve = find<ReserveId>(job.last);  // the next one was due
  REQUIRE(reserve != nullptr);
  const CheckpointId unpublished = reserve->id;
  job.reserved(unpublished);
  job.ack(unpublished, 0);
  job.ack(unpublished, 1);
  job.published(unpublished, {ErrorCode::unavailable, "no storage"});
  aborted = find<NotifyAborted>(job.last);
  REQUIRE(aborted != nullptr);
  CHECK(aborted->record.answers.size() == 2);
}

TEST_CASE("ids go on where the last coordinator stopped", "[coordinator]") {
  Job job{{.every = 10s}, 41};
  CHECK(job.tick(10s) == CheckpointId{42});
}

TEST_CASE("an id is used up even when its checkpoint fails", "[coordinator]") {
  Job job{{.every = 10s, .tolerable_failures = 5}};
  const auto first = job.tick(10s).value();
  job.reserved(first, {ErrorCode::unavailable, "no"});
  CHECK(find<NotifyAborted>(job.last)->reason == FailureReason::trigger_failed);
  CHECK(job.tick(20s) == CheckpointId{2});
}

TEST_CASE("only as many completed checkpoints as asked for are kept", "[coordinator]") {
  Job job{{.every = 10s, .retained = 2}};
  const auto a = job.complete_at(10s);
  CHECK(find<DropFiles>(job.last) == nullptr);
  const auto b = job.complete_at(20s);
  CHECK(find<DropFiles>(job.last) == nullptr);
  const auto c = job.complete_at(30s);
  CHECK(find<DropFiles>(job.last)->id == a);
  CHECK(job.coordinator.retained() == std::vector<CheckpointId>{b, c});
}

TEST_CASE("a checkpoint that takes too long is given up everywhere", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 1}};
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.ack(id, 0);
  CHECK(job.coordinator.next_wake() == 70s);
  job.tick(70s);
  const auto* aborted = find<NotifyAborted>(job.last);
  REQUIRE(aborted != nullptr);
  CHECK(aborted->reason == FailureReason::expired);
  CHECK(aborted->missing == std::vector<SubtaskId>{speaker(1).subtask});
  CHECK(find<DropFiles>(job.last)->id == id);
  CHECK(find<FailJob>(job.last) == nullptr);
  // The late answer changes nothing; its files, written after the deletion, are deleted again.
  job.ack(id, 1);
  CHECK(job.coordinator.last_ack_result() == AckResult::discarded);
  CHECK(find<DropFiles>(job.last)->id == id);
  CHECK(find<Publish>(job.last) == nullptr);
}

TEST_CASE("a reservation that hangs expires, and what it made later is deleted", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 1}};
  const auto id = job.tick(10s).value();
  job.tick(70s);
  CHECK(find<NotifyAborted>(job.last)->reason == FailureReason::expired);
  job.reserved(id);
  CHECK(find<TriggerSources>(job.last) == nullptr);
  CHECK(find<DropFiles>(job.last)->id == id);
}

TEST_CASE("one decline aborts the checkpoint and, by default, fails the job", "[coordinator]") {
  Job job;
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.decline(id);
  CHECK(find<NotifyAborted>(job.last)->detail == "disk full");
  REQUIRE(find<FailJob>(job.last) != nullptr);
  CHECK(find<FailJob>(job.last)->reason.find("disk full") != std::string::npos);
  CHECK(job.decline(id).empty());  // the second subtask's decline is no second failure
}

TEST_CASE("a decline from a stranger changes nothing", "[coordinator]") {
  Job job;
  const auto id = job.tick(10s).value();
  job.reserved(id);
  const Speaker stranger{{VertexId{0}, 0}, AttemptId{9}};
  CHECK(
      job.coordinator.on_decline({id, stranger, FailureReason::snapshot_failed, ""}, 10s).empty());
  CHECK(job.coordinator.pending().size() == 1);
}

TEST_CASE("the state of an unknown attempt is deleted, not published", "[coordinator]") {
  Job job;
  const auto id = job.tick(10s).value();
  job.reserved(id);
  Ack stale{.id = id, .from = {{VertexId{0}, 0}, AttemptId{7}}, .state = {}, .timings = {}};
  stale.state.keyed.push_back({.operator_name = "counts", .path = "old"});
  const Actions actions = job.coordinator.on_ack(stale);
  CHECK(job.coordinator.last_ack_result() == AckResult::unknown);
  REQUIRE(find<DropState>(actions) != nullptr);
  CHECK(find<DropState>(actions)->state.keyed[0].path == "old");
}

TEST_CASE("acknowledgements after completion are duplicates", "[coordinator]") {
  Job job;
  const auto id = job.complete_at(10s);
  CHECK(job.ack(id, 0).empty());
  CHECK(job.coordinator.last_ack_result() == AckResult::duplicate);
}

TEST_CASE("metadata that cannot be stored voids the checkpoint", "[coordinator]") {
  Job job{{.every = 10s, .tolerable_failures = 1}};
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.ack(id, 0);
  job.ack(id, 1);
  job.published(id, {ErrorCode::out_of_space, "full"});
  CHECK(find<NotifyAborted>(job.last)->reason == FailureReason::publish_failed);
  CHECK(find<DropFiles>(job.last)->id == id);
  CHECK(job.coordinator.retained().empty());
}

TEST_CASE("nothing is deleted when the outcome of a publication is unknown", "[coordinator]") {
  Job job{{.every = 10s, .tolerable_failures = 1}};
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.ack(id, 0);
  job.ack(id, 1);
  job.published(id, {ErrorCode::unknown_outcome, "?"});
  CHECK(find<NotifyAborted>(job.last) != nullptr);
  CHECK(find<DropFiles>(job.last) == nullptr);
  job.ack(id, 1);  // said twice, or late
  CHECK(job.coordinator.last_ack_result() == AckResult::duplicate);
  CHECK(find<DropFiles>(job.last) == nullptr);
  job.complete_at(20s);
  CHECK(find<DropFiles>(job.last)->id == id);  // nobody needs it any more
}

TEST_CASE("a publication that hangs expires, and may be found complete later", "[coordinator]") {
  Job job{{.every = 10s, .timeout = 60s, .tolerable_failures = 1}};
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.ack(id, 0);
  job.ack(id, 1);
  CHECK(job.coordinator.next_wake() == 70s);
  job.tick(70s);
  REQUIRE(find<NotifyAborted>(job.last) != nullptr);
  CHECK(find<NotifyAborted>(job.last)->detail == "the storage has not answered for 1 min");
  CHECK(find<DropFiles>(job.last) == nullptr);
  CHECK(find<ReserveId>(job.last) != nullptr);  // the next one is due
  CHECK(job.published(id).empty());             // too late
}

TEST_CASE("with three at once each completes, and a newer one subsumes older ones",
          "[coordinator]") {
  Job job{{.every = 10s, .max_concurrent = 3, .retained = 10}};
  std::vector<CheckpointId> ids;
  for (const auto at : {10s, 20s, 30s}) {
    ids.push_back(job.tick(at).value());
    job.reserved(ids.back());
  }
  CHECK_FALSE(job.tick(40s));
  for (const std::uint32_t i : {0U, 1U}) job.ack(ids[1], i);
  job.published(ids[1]);
  CHECK(find<NotifyAborted>(job.last)->id == ids[0]);
  CHECK(find<NotifyAborted>(job.last)->reason == FailureReason::subsumed);
  CHECK(find<NotifyCompleted>(job.last)->report.id == ids[1]);
  CHECK(find<FailJob>(job.last) == nullptr);
  for (const std::uint32_t i : {0U, 1U}) job.ack(ids[2], i);
  job.published(ids[2]);
  CHECK(find<NotifyCompleted>(job.last)->report.id == ids[2]);
  CHECK(job.coordinator.retained() == std::vector<CheckpointId>{ids[1], ids[2]});
}

TEST_CASE("publications that finish out of order both count", "[coordinator]") {
  Job job{{.every = 10s, .max_concurrent = 2, .retained = 1}};
  const auto a = job.tick(10s).value();
  job.reserved(a);
  const auto b = job.tick(20s).value();
  job.reserved(b);
  for (const std::uint32_t i : {0U, 1U}) job.ack(a, i);
  for (const std::uint32_t i : {0U, 1U}) job.ack(b, i);
  job.published(b);
  CHECK(job.coordinator.retained() == std::vector<CheckpointId>{b});
  job.published(a);
  CHECK(find<DropFiles>(job.last)->id == a);  // the older one is too many at once
  CHECK(job.coordinator.retained() == std::vector<CheckpointId>{b});
}

TEST_CASE("the checkpoint at the end of the input is repeated until it succeeds", "[coordinator]") {
  Job job{{.every = 0s, .tolerable_failures = 3}};
  CHECK_FALSE(job.tick(1000s));
  Actions actions = job.coordinator.on_request(CheckpointKind::end_of_input, job.now);
  const auto first = find<ReserveId>(actions)->id;
  job.reserved(first);
  job.decline(first);
  CHECK(find<FailJob>(job.last) == nullptr);
  CHECK(job.coordinator.next_wake() == 1001s);
  const auto second = job.tick(1001s).value();
  job.reserved(second);
  job.ack(second, 0, true);
  job.ack(second, 1, true);
  job.published(second);
  CHECK(find<NotifyCompleted>(job.last)->report.is_final);
}

TEST_CASE("a checkpoint is final only if every subtask had finished", "[coordinator]") {
  Job job;
  const auto id = job.tick(10s).value();
  job.reserved(id);
  job.ack(id, 0, true);
  job.ack(id, 1, false);
  job.published(id);
  CHECK_FALSE(find<NotifyCompleted>(job.last)->report.is_final);
}

TEST_CASE("how far a checkpoint has come is known as long as it is under way", "[coordinator]") {
  using Stage = CheckpointProgress::Stage;
  Job job;
  const CheckpointId id = job.tick(10s).value();
  REQUIRE(job.coordinator.progress(id, 10s));
  CHECK(job.coordinator.progress(id, 10s)->stage == Stage::reserving);
  job.reserved(id);
  job.ack(id, 1);
  const auto collecting = job.coordinator.progress(id, 13s);
  REQUIRE(collecting);
  CHECK(collecting->stage == Stage::collecting);
  CHECK(collecting->missing == std::vector<SubtaskId>{speaker(0).subtask});
  CHECK(collecting->record.duration == 3s);
  CHECK(collecting->record.subtasks == 2);
  REQUIRE(collecting->record.answers.size() == 1);
  CHECK(collecting->record.answers[0].subtask == speaker(1).subtask);
  job.ack(id, 0);
  REQUIRE(job.coordinator.progress(id, 14s));
  CHECK(job.coordinator.progress(id, 14s)->stage == Stage::publishing);
  CHECK(job.coordinator.progress(id, 14s)->missing.empty());
  job.published(id);
  CHECK_FALSE(job.coordinator.progress(id, 15s));
  CHECK_FALSE(job.coordinator.progress(id.next(), 15s));
}
