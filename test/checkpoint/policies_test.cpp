// When checkpoints may start, how many may fail, and what an answer is worth.
#include "checkpoint/commit.hpp"
#include "checkpoint/failure_policy.hpp"
#include "checkpoint/participants.hpp"
#include "checkpoint/pending.hpp"
#include "checkpoint/trigger_policy.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;

namespace {

constexpr auto kPeriodic = CheckpointKind::periodic;
constexpr auto kEnd = CheckpointKind::end_of_input;
constexpr auto kStop = CheckpointKind::stop;

Speaker speaker(std::uint32_t index, std::uint32_t attempt = 1) {
  return {{VertexId{0}, index}, AttemptId{attempt}};
}
Ack ack(std::uint64_t id, Speaker from) {
  return {.id = CheckpointId{id}, .from = from, .state = {}, .timings = {}};
}

}  // namespace

TEST_CASE("periodic checkpoints start at the interval, not before the first delay", "[trigger]") {
  TriggerPolicy policy{{.interval = 10s}};
  CHECK_FALSE(policy.take(0s, 0));
  CHECK_FALSE(policy.next_wake(0));
  policy.start(100s, 4s);
  CHECK(policy.next_wake(0) == 104s);
  CHECK_FALSE(policy.take(103s, 0));
  CHECK(policy.take(104s, 0) == kPeriodic);
  CHECK_FALSE(policy.take(104s, 0));
  CHECK(policy.next_wake(0) == 114s);
  CHECK(policy.take(114s, 0) == kPeriodic);
}

TEST_CASE("triggers that were missed are not made up for", "[trigger]") {
  TriggerPolicy policy{{.interval = 10s}};
  policy.start(0s, 10s);
  CHECK(policy.take(45s, 0) == kPeriodic);
  CHECK_FALSE(policy.take(45s, 1));
  CHECK(policy.take(46s, 0) == kPeriodic);  // it was due at 45 s
  CHECK_FALSE(policy.take(50s, 0));
}

TEST_CASE("no more start than may be under way", "[trigger]") {
  TriggerPolicy policy{{.interval = 1s, .max_concurrent = 2}};
  policy.start(0s, 0s);
  CHECK(policy.take(0s, 0) == kPeriodic);
  CHECK(policy.take(1s, 1) == kPeriodic);
  CHECK_FALSE(policy.take(2s, 2));
  CHECK_FALSE(policy.next_wake(2));
  CHECK(policy.take(2s, 1) == kPeriodic);
}

TEST_CASE("another interval counts from the last trigger", "[trigger]") {
  TriggerPolicy policy{{.interval = 10s}};
  policy.start(0s, 10s);
  REQUIRE(policy.take(10s, 0));
  SECTION("a longer one") {
    policy.set_interval(30s);
    CHECK(policy.next_wake(0) == 40s);
  }
  SECTION("a shorter one") {
    policy.set_interval(4s);
    CHECK(policy.next_wake(0) == 14s);
    CHECK(policy.take(14s, 0));
    CHECK(policy.next_wake(0) == 18s);
  }
  SECTION("one that is past") {
    policy.set_interval(1s);
    CHECK(policy.take(15s, 0));
    CHECK(policy.next_wake(0) == 15s);  // missed ones are not made up for, but now is one
  }
}

TEST_CASE("a backlog has an interval of its own", "[trigger]") {
  SECTION("a longer one") {
    TriggerPolicy policy{{.interval = 10s, .interval_in_backlog = 60s}};
    policy.start(0s, 10s);
    policy.on_backlog(true, 3s);
    CHECK(policy.next_wake(0) == 60s);
    policy.on_backlog(true, 4s);  // of one more
    CHECK(policy.next_wake(0) == 60s);
    policy.set_interval(20s);  // of the time behind it
    CHECK(policy.next_wake(0) == 60s);
    policy.on_backlog(false, 5s);
    CHECK(policy.next_wake(0) == 20s);
  }
  SECTION("none at all, and one at once when it ends") {
    TriggerPolicy policy{{.interval = 10s, .interval_in_backlog = 0s}};
    policy.start(0s, 10s);
    policy.on_backlog(true, 3s);
    CHECK_FALSE(policy.next_wake(0));
    CHECK_FALSE(policy.take(100s, 0));
    policy.on_backlog(false, 200s);
    CHECK(policy.take(200s, 0) == kPeriodic);
    CHECK(policy.next_wake(0) == 210s);
  }
  SECTION("the same, if nobody says more") {
    TriggerPolicy policy{{.interval = 10s}};
    policy.start(0s, 10s);
    policy.on_backlog(true, 3s);
    CHECK(policy.next_wake(0) == 10s);
  }
  SECTION("none, if there are no periodic ones") {
    TriggerPolicy policy{{.interval_in_backlog = 5s}};
    policy.start(0s, 0s);
    policy.on_backlog(true, 3s);
    CHECK_FALSE(policy.next_wake(0));
  }
}

TEST_CASE("a backlog is over when no subtask that runs has any", "[trigger]") {
  const auto speaker = [](std::uint32_t index, std::uint32_t attempt) {
    return Speaker{{VertexId{0}, index}, AttemptId{attempt}};
  };
  Participants participants;
  participants.on_backlog(speaker(1, 1), true);
  CHECK_FALSE(participants.have_backlog());  // does not take part
  participants.begin({speaker(0, 1), speaker(1, 1)});
  CHECK(participants.have_backlog());
  participants.on_backlog(speaker(0, 1), true);
  participants.on_backlog(speaker(0, 1), false);
  CHECK(participants.have_backlog());
  SECTION("it says so") {
    participants.on_backlog(speaker(1, 1), false);
    CHECK_FALSE(participants.have_backlog());
  }
  SECTION("it was replaced") {
    participants.replace({speaker(1, 2)});
    CHECK_FALSE(participants.have_backlog());
    participants.on_backlog(speaker(1, 1), true);  // late
    CHECK_FALSE(participants.have_backlog());
    participants.on_backlog(speaker(1, 2), true);
    CHECK(participants.have_backlog());
  }
}

TEST_CASE("the pause counts from the end of the last checkpoint", "[trigger]") {
  TriggerPolicy policy{{.interval = 1s, .min_pause = 5s, .max_concurrent = 3}};
  policy.start(0s, 1s);
  CHECK(policy.take(1s, 0) == kPeriodic);
  CHECK_FALSE(policy.take(20s, 1));  // a pause means one at a time
  policy.on_ended(30s);
  CHECK_FALSE(policy.take(34s, 0));
  CHECK(policy.next_wake(0) == 35s);
  CHECK(policy.take(35s, 0) == kPeriodic);
}

TEST_CASE("a periodic checkpoint that is asked for comes sooner, if there are any", "[trigger]") {
  TriggerPolicy policy{{.interval = 100s, .min_pause = 5s}};
  policy.start(0s, 100s);
  policy.request(kPeriodic, 10s);
  CHECK(policy.next_wake(0) == 10s);
  CHECK(policy.take(10s, 0) == kPeriodic);
  CHECK(policy.next_wake(0) == 110s);
  policy.on_ended(12s);
  policy.request(kPeriodic, 13s);
  CHECK_FALSE(policy.take(16s, 0));  // the pause
  CHECK(policy.take(17s, 0) == kPeriodic);
  TriggerPolicy none{{}};
  none.start(0s, 0s);
  none.request(kPeriodic, 1s);
  CHECK_FALSE(none.take(2s, 0));
}

TEST_CASE("requests go before periodic checkpoints and do not wait for pauses", "[trigger]") {
  TriggerPolicy policy{{.interval = 10s, .min_pause = 5s}};
  policy.start(0s, 1s);
  policy.on_ended(1s);
  policy.request(kEnd, 1s);
  policy.request(kStop, 1s);
  policy.request(kStop, 1s);
  CHECK_FALSE(policy.take(1s, 1));
  CHECK(policy.take(1s, 0) == kStop);
  CHECK(policy.take(1s, 0) == kEnd);
  CHECK_FALSE(policy.take(1s, 0));
  policy.request(kEnd, 3s);
  CHECK_FALSE(policy.take(2s, 0));
  CHECK(policy.next_wake(0) == 3s);
  policy.stop();
  CHECK_FALSE(policy.take(9s, 0));
}

TEST_CASE("without an interval only requests start checkpoints", "[trigger]") {
  TriggerPolicy policy{{}};
  policy.start(0s, 0s);
  CHECK_FALSE(policy.take(1000s, 0));
  CHECK_FALSE(policy.next_wake(0));
  policy.request(kEnd, 0s);
  CHECK(policy.take(1000s, 0) == kEnd);
}

TEST_CASE("k failures in a row are tolerated, k + 1 are not, and success resets", "[failure]") {
  FailurePolicy policy{2};
  std::uint64_t id = 0;
  const auto fail = [&] { return policy.on_failure(CheckpointId{++id}, FailureReason::expired); };
  CHECK_FALSE(fail());
  CHECK_FALSE(fail());
  policy.on_success(CheckpointId{++id});
  CHECK_FALSE(fail());
  CHECK_FALSE(fail());
  CHECK(fail());
  CHECK_FALSE(fail());  // the count has begun anew
}

TEST_CASE("by default the first counted failure fails the job", "[failure]") {
  CHECK(FailurePolicy{0}.on_failure(CheckpointId{1}, FailureReason::snapshot_failed));
}

TEST_CASE("a checkpoint counts once, and only if it is newer than the last success", "[failure]") {
  FailurePolicy policy{1};
  CHECK_FALSE(policy.on_failure(CheckpointId{3}, FailureReason::snapshot_failed));
  CHECK_FALSE(policy.on_failure(CheckpointId{3}, FailureReason::expired));
  policy.on_success(CheckpointId{5});
  CHECK_FALSE(policy.on_failure(CheckpointId{4}, FailureReason::expired));
  CHECK(policy.consecutive() == 0);
}

TEST_CASE("failures that say nothing about the storage are not counted", "[failure]") {
  for (const auto reason :
       {FailureReason::subsumed, FailureReason::alignment_aborted, FailureReason::tasks_not_running,
        FailureReason::task_failed, FailureReason::job_stopping}) {
    CHECK_FALSE(FailurePolicy{0}.on_failure(CheckpointId{1}, reason));
    CHECK_FALSE(describe(reason).empty());
  }
}

TEST_CASE("an acknowledgement is a success, a duplicate or unknown", "[pending]") {
  PendingCheckpoint pending{
      {.id = CheckpointId{4}, .triggered_at = {}}, {speaker(0), speaker(1, 2)}, 0s, 10s};
  CHECK(pending.acknowledge(ack(4, speaker(0))) == AckResult::success);
  CHECK(pending.acknowledge(ack(4, speaker(0))) == AckResult::duplicate);
  CHECK(pending.acknowledge(ack(4, speaker(1, 1))) == AckResult::unknown);  // an earlier attempt
  CHECK(pending.acknowledge(ack(4, speaker(2))) == AckResult::unknown);
  CHECK_FALSE(pending.is_complete());
  CHECK(pending.missing() == std::vector<SubtaskId>{{VertexId{0}, 1}});
  CHECK(pending.acknowledge(ack(4, speaker(1, 2))) == AckResult::success);
  CHECK(pending.is_complete());
}

TEST_CASE("a lost notification is made up for by the next", "[commit]") {
  TransactionLedger ledger;
  ledger.prepared(CheckpointId{1}, "a");
  ledger.prepared(CheckpointId{2}, "b");
  ledger.prepared(CheckpointId{3}, "c");
  CHECK(ledger.take_committable(CheckpointId{2}) == std::vector<Bytes>{"a", "b"});
  CHECK(ledger.uncommitted().size() == 3);  // until the commit is known to have happened
  ledger.committed(2);
  CHECK(ledger.uncommitted().size() == 1);
}

TEST_CASE("a late or repeated notification commits nothing", "[commit]") {
  TransactionLedger ledger;
  ledger.prepared(CheckpointId{1}, "a");
  ledger.prepared(CheckpointId{2}, "b");
  CHECK(ledger.take_committable(CheckpointId{2}).size() == 2);
  CHECK(ledger.take_committable(CheckpointId{2}).empty());
  CHECK(ledger.take_committable(CheckpointId{1}).empty());
  ledger.committed(1);
  ledger.prepared(CheckpointId{3}, "c");
  CHECK(ledger.take_committable(CheckpointId{2}).empty());
  CHECK(ledger.in_commit() == 1);
  ledger.committed(1);
  CHECK(ledger.take_committable(CheckpointId{3}) == std::vector<Bytes>{"c"});
}
