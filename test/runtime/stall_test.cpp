// What a checkpoint waits on, told from hand-made and from random pictures.
#include "runtime/job/stall.hpp"

#include "base/random.hpp"
#include "runtime/job/deadlock.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <utility>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using Catch::Equals;
using Cause = Stall::Cause;

namespace {

constexpr CheckpointId kId{17};
constexpr CheckpointId kBefore{16};

SubtaskId subtask(std::uint32_t vertex, std::uint32_t index = 0) {
  return {VertexId{vertex}, index};
}

const SubtaskId kClicks = subtask(0, 1);
const SubtaskId kCounts = subtask(1);
const SubtaskId kOut = subtask(2);

/// clicks/2 -> counts/1 -> out/1. All have handled checkpoint 16, and nothing waits.
struct Line {
  Line() {
    wiring = {{subtask(0), {"clicks/0", {}, {{kCounts, 0}}}},
              {kClicks, {"clicks/1", {}, {{kCounts, 1}}}},
              {kCounts, {"counts/0", {{subtask(0), 0}, {kClicks, 0}}, {{kOut, 0}}}},
              {kOut, {"out/0", {{kCounts, 0}}, {}}}};
    for (const auto& [id, wired] : wiring) {
      SubtaskSituation& s = situations[id];
      s.handled = kBefore;
      s.inputs.resize(wired.inputs.size(), {.passed = kBefore});
      s.outputs.resize(wired.outputs.size(), {.credits = 8, .window = 8});
      s.spent = {.busy = 20ms, .idle = 980ms};
    }
  }

  SubtaskSituation& at(SubtaskId id) { return situations.at(id); }
  /// The barrier has left both sources.
  void trigger() {
    at(subtask(0)).handled = kId;
    at(kClicks).handled = kId;
  }
  /// It has passed `counts` as well, and been handled there.
  void handle() {
    trigger();
    at(kCounts).handled = kId;
    for (InputSituation& input : at(kCounts).inputs) input.passed = kId;
  }
  /// Nothing more leaves `counts`.
  void press(std::uint32_t waiting) {
    at(kCounts).outputs[0] = {.sent = 8, .credits = 0, .window = 8, .waiting = waiting};
    at(kCounts).spent = {.busy = 30ms, .back_pressured = 970ms};
  }
  Stall explain(const std::vector<SubtaskId>& missing) const {
    return explain_stall(wiring, kId, missing, situations);
  }

  Wiring wiring;
  Situations situations;
};

}  // namespace

TEST_CASE("the wiring of a plan knows both ends of each channel", "[stall]") {
  Job job{"wired"};
  const auto numbers = job.source("numbers", testing::ReplayLog<int>{{}}.source()).parallelism(2);
  numbers.rebalance()
      .map("a", [](int n) { return n; })
      .parallelism(3)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink());
  const Plan plan = Plan::build(job.graph(), 128);
  const Wiring wiring = wiring_of(plan);
  REQUIRE(wiring.size() == plan.subtasks().size());
  for (const auto& [id, wired] : wiring) {
    CHECK(wired.name == plan.name_of(id));
    const auto inputs = plan.inputs_of(id);
    REQUIRE(wired.inputs.size() == inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CHECK(wired.inputs[i].peer == inputs[i].peer);
      CHECK(wired.inputs[i].at_peer == inputs[i].at_peer.value());
      const auto& back = wiring.at(inputs[i].peer).outputs[wired.inputs[i].at_peer];
      CHECK(back.peer == id);
      CHECK(back.at_peer == i);
    }
    CHECK(wired.outputs.size() == plan.outputs_of(id).size());
  }
}

TEST_CASE("what is fed back is looked at only where it is recorded", "[stall][iteration]") {
  Line line;  // clicks/0 -> counts/0 -> out/0, and back
  line.wiring.at(kCounts).inputs[1] = {kOut, 0};
  line.wiring.at(kOut).outputs = {{kCounts, 1}};
  line.at(kOut).outputs = {{.credits = 8, .window = 8}};
  line.at(kCounts).inputs[1].is_feedback = true;
  line.at(subtask(0)).handled = kId;
  SECTION("before the snapshot nobody waits for it") {
    line.at(kCounts).inputs[0] = {.batches = 3, .passed = kBefore, .barriers = {{kId, 3, false}}};
    line.at(kCounts).spent = {.busy = 990ms, .idle = 10ms};
    const Stall stall = line.explain({kCounts, kOut});
    CHECK(stall.culprit == kCounts);
    CHECK(stall.sender == subtask(0));
    CHECK(stall.cause == Cause::busy);
  }
  SECTION("behind it the barrier has to come round") {
    line.at(kCounts).handled = kId;
    line.at(kCounts).inputs[0].passed = kId;
    line.at(kCounts).snapshots = {{.id = kId, .age = 1s, .is_recording = true}};
    line.at(kOut).inputs[0] = {.batches = 2, .passed = kBefore, .barriers = {{kId, 2, false}}};
    line.at(kOut).spent = {.busy = 990ms, .idle = 10ms};
    const Stall stall = line.explain({kCounts, kOut});
    CHECK(stall.culprit == kOut);
    CHECK(stall.cause == Cause::busy);
  }
}

TEST_CASE("a source that the trigger has not reached is named", "[stall]") {
  Line line;
  line.at(subtask(0)).handled = kId;
  line.at(kCounts).inputs[0].passed = kId;
  const Stall stall = line.explain({kClicks, kCounts, kOut});
  CHECK(stall.culprit == kClicks);
  CHECK(stall.cause == Cause::not_triggered);
  CHECK(stall.text == "clicks/1: it has not begun, since the trigger has not reached it");
}

TEST_CASE("a source that emits its end handles no other checkpoint", "[stall]") {
  Line line;
  line.at(kClicks).emits_end = true;
  line.at(subtask(0)).handled = kId;
  CHECK(line.explain({kClicks, kCounts, kOut}).text ==
        "clicks/1: it emits what is due at the end of its input");
}

TEST_CASE("who is busy with what lies ahead of the barrier is named", "[stall]") {
  Line line;
  line.trigger();
  line.at(kCounts).inputs[0].passed = kId;
  line.at(kCounts).inputs[1] = {.batches = 3, .passed = kBefore, .barriers = {{kId, 3, false}}};
  line.at(kCounts).spent = {.busy = 960ms, .idle = 40ms, .longest_turn = 840ms};
  const Stall stall = line.explain({kCounts, kOut});
  CHECK(stall.culprit == kCounts);
  CHECK(stall.sender == kClicks);
  CHECK(stall.cause == Cause::busy);
  CHECK(stall.text ==
        "clicks/1 -> counts/0: 3 batches ahead of the barrier, counts/0 is busy 96 %, up to 0.8 s "
        "at a stretch");
}

TEST_CASE("back pressure is followed to who is slow", "[stall]") {
  Line line;
  line.trigger();
  line.at(kCounts).inputs[0].passed = kId;
  line.at(kCounts).inputs[1].batches = 2;
  line.at(kClicks).outputs[0] = {.credits = 0, .waiting = 1, .barriers = {{kId, 1, false}}};
  line.press(4);
  line.at(kOut).spent = {.busy = 990ms, .idle = 10ms};
  const Stall stall = line.explain({kCounts, kOut});
  CHECK(stall.culprit == kOut);
  CHECK(stall.cause == Cause::busy);
  CHECK(stall.path == std::vector<SubtaskId>{kCounts, kOut});
  CHECK(stall.text ==
        "clicks/1 -> counts/0: 3 batches ahead of the barrier, counts/0 is back-pressured 97 % by "
        "out/0, which is busy 99 %");
}

TEST_CASE("who waits for answers to its requests is named", "[stall][async]") {
  Line line;
  line.trigger();
  InputSituation& input = line.at(kCounts).inputs[1];
  input.passed = kBefore;
  input.batches = 2;
  input.barriers = {{.id = kId, .ahead = 2}};
  line.at(kCounts).inputs[0].passed = kId;
  line.at(kCounts).awaits_answers = true;
  const Stall stall = line.explain({kCounts, kOut});
  CHECK(stall.cause == Cause::asks);
  CHECK_THAT(stall.text, Equals("clicks/1 -> counts/0: 2 batches ahead of the barrier, counts/0 "
                                "waits for answers to all the requests that it may have under way: "
                                "who answers is slow, or its capacity is small"));
}

TEST_CASE("who waits for the last answers at its end is not said to emit", "[stall][async]") {
  Line line;
  line.trigger();
  line.at(kCounts).inputs[0] = {.batches = 1, .barriers = {{kId, 1, false}}};
  line.at(kCounts).emits_end = true;
  line.at(kCounts).awaits_answers = true;
  CHECK(line.explain({kCounts, kOut}).cause == Cause::asks);
}

TEST_CASE("who does not answer is named, alone and at the end of back pressure", "[stall]") {
  Line line;
  line.trigger();
  line.situations.erase(kOut);
  line.at(kCounts).inputs[0] = {.batches = 1, .barriers = {{kId, 1, false}}};
  line.press(4);
  CHECK(line.explain({kCounts, kOut}).text ==
        "clicks/0 -> counts/0: 1 batch ahead of the barrier, counts/0 is back-pressured 97 % by "
        "out/0, which does not answer: a call of its functions takes long, or its process stands "
        "still");
  line.situations.erase(kClicks);
  const Stall source = line.explain({kClicks, kCounts, kOut});
  CHECK(source.cause == Cause::silent);
  CHECK(source.culprit == kClicks);
  CHECK(source.text ==
        "clicks/1: it does not answer: a call of its functions takes long, or its process stands "
        "still");
  CHECK(line.explain({kOut}).culprit == kOut);
}

TEST_CASE("who has answered for the checkpoint is not to blame, silent or not", "[stall]") {
  Line line;
  line.trigger();
  line.situations.erase(kClicks);
  line.at(kCounts).inputs[0].passed = kId;
  const Stall stall = line.explain({kCounts, kOut});
  CHECK(stall.culprit == kCounts);
  CHECK(stall.cause == Cause::on_its_way);
  CHECK(stall.sender == kClicks);
}

TEST_CASE("a barrier may be on its way", "[stall]") {
  Line line;
  line.handle();
  CHECK(line.explain({kOut}).text ==
        "counts/0 -> out/0: it has yet to get the barrier, which is on its way");
}

TEST_CASE("who writes its state longest is named", "[stall]") {
  Line line;
  line.handle();
  line.at(kOut).handled = kId;
  line.at(kOut).snapshots = {{kId, 2s, false}};
  line.at(kCounts).snapshots = {{kBefore, 40s, false}, {kId, 12'300ms, false}};
  const Stall stall = line.explain({kCounts, kOut});
  CHECK(stall.culprit == kCounts);
  CHECK(stall.cause == Cause::writes);
  CHECK(stall.text == "counts/0: it has been writing its state for 12.3 s");
  line.at(kCounts).snapshots.clear();
  CHECK(line.explain({kCounts}).text == "counts/0: it has answered, which has not been heard yet");
}

TEST_CASE("a snapshot that records waits for the barriers that are missing", "[stall]") {
  Line line;
  line.trigger();
  line.at(kClicks).handled = kBefore;
  line.at(kCounts).handled = kId;
  line.at(kCounts).inputs[0].passed = kId;
  line.at(kCounts).snapshots = {{kId, 2s, true}};
  CHECK(line.explain({kClicks, kCounts}).culprit == kClicks);
  CHECK(line.explain({kCounts}).cause == Cause::not_triggered);
}

TEST_CASE("a channel may be held back for another checkpoint", "[stall]") {
  Line line;
  line.trigger();
  line.at(kCounts).inputs[0] = {.batches = 1, .barriers = {{kId, 1, false}}};
  line.press(2);
  line.at(kOut).inputs[0].is_blocked = true;
  line.at(kOut).aligning = kBefore;
  CHECK_THAT(line.explain({kCounts, kOut}).text,
             Catch::EndsWith("out/0, which waits for barriers of checkpoint 16"));
}

TEST_CASE("whatever the picture, the search ends and names a subtask", "[stall][deadlock]") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto count = static_cast<std::uint32_t>(1 + random.below(8));
    Wiring wiring;
    for (std::uint32_t i = 0; i < count; ++i) wiring[subtask(i)].name = std::to_string(i);
    for (std::uint64_t edges = random.below(3 * count); edges != 0; --edges) {  // loops as well
      WiredSubtask& from = wiring[subtask(static_cast<std::uint32_t>(random.below(count)))];
      const SubtaskId to = subtask(static_cast<std::uint32_t>(random.below(count)));
      const SubtaskId id = subtask(static_cast<std::uint32_t>(std::stoul(from.name)));
      auto& inputs = wiring[to].inputs;
      inputs.push_back({id, static_cast<std::uint32_t>(from.outputs.size())});
      from.outputs.push_back({to, static_cast<std::uint32_t>(inputs.size() - 1)});
    }
    Situations situations;
    std::vector<SubtaskId> missing;
    const auto some = [&] { return static_cast<std::uint32_t>(random.below(3)); };
    const auto checkpoint = [&] { return CheckpointId{15 + random.below(3)}; };
    for (const auto& [id, wired] : wiring) {
      if (random.chance(0.7)) missing.push_back(id);
      if (random.chance(0.2)) continue;
      SubtaskSituation& s = situations[id];
      s.handled = checkpoint();
      if (random.chance(0.5)) s.aligning = checkpoint();
      s.emits_end = random.chance(0.2);
      if (random.chance(0.5)) s.snapshots = {{checkpoint(), 1s, random.chance(0.5)}};
      for (std::size_t i = 0; i < wired.inputs.size(); ++i) {
        s.inputs.push_back({.batches = some(), .is_blocked = random.chance(0.3)});
        s.inputs.back().passed = checkpoint();
        if (random.chance(0.3)) s.inputs.back().barriers = {{kId, some(), random.chance(0.5)}};
      }
      for (std::size_t i = 0; i < wired.outputs.size(); ++i)
        s.outputs.push_back({.credits = some(), .window = some(), .waiting = some()});
    }
    if (missing.empty()) missing.push_back(subtask(0));
    const Stall stall = explain_stall(wiring, kId, missing, situations);
    CHECK(wiring.contains(stall.culprit));
    REQUIRE_FALSE(stall.path.empty());
    CHECK(stall.path.back() == stall.culprit);
    CHECK_FALSE(stall.text.empty());
    if (const auto deadlock = find_deadlock(wiring, situations)) {
      CHECK_FALSE(deadlock->circle.empty());
      CHECK_FALSE(deadlock->text.empty());
    }
  }
}
