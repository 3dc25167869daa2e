// Deadlocks, in hand-made pictures and in small networks that run until nothing moves any more.
#include "runtime/job/deadlock.hpp"

#include "test/runtime/gate_network.hpp"

#include <catch2/catch.hpp>

#include <optional>

using namespace weir;
using namespace weir::runtime;
using test::GateNetwork;
using test::random_wiring;
using test::subtask;
using test::wired;

namespace {

constexpr CheckpointId kId{3};

/// Nothing waits.
Situations at_rest(const Wiring& wiring) {
  Situations situations;
  for (const auto& [id, w] : wiring) {
    situations[id].inputs.resize(w.inputs.size());
    situations[id].outputs.resize(w.outputs.size(), {.credits = 2, .window = 2});
  }
  return situations;
}

/// All credits of a channel are spent, and its receiver has not taken a batch.
void fill(const Wiring& wiring, Situations& situations, SubtaskId from, std::uint32_t output) {
  situations[from].outputs[output] = {.sent = 2, .credits = 0, .window = 2, .waiting = 1};
  const auto& [peer, at_peer] = wiring.at(from).outputs[output];
  InputSituation& input = situations[peer].inputs[at_peer];
  input.received = 2;
  input.batches = 2;
}

}  // namespace

TEST_CASE("back pressure alone is no deadlock", "[deadlock]") {
  const Wiring line = wired({"ab", "bc"});
  Situations s = at_rest(line);
  CHECK_FALSE(find_deadlock(line, s));
  fill(line, s, subtask(0), 0);
  fill(line, s, subtask(1), 0);
  CHECK_FALSE(find_deadlock(line, s));
}

TEST_CASE("what is fed back is always taken in, and never waited for", "[deadlock][iteration]") {
  const Wiring loop = wired({"ab", "bc", "cb"});
  Situations s = at_rest(loop);
  for (std::uint32_t i = 0; i < 3; ++i) fill(loop, s, subtask(i), 0);
  REQUIRE(find_deadlock(loop, s));
  s[subtask(1)].inputs[1].is_feedback = true;
  CHECK_FALSE(find_deadlock(loop, s));

  s = at_rest(loop);  // b has not had the barrier from a, which waits for nobody
  s[subtask(1)].inputs[1] = {.is_blocked = true};
  s[subtask(1)].aligning = kId;
  s[subtask(2)].handled = kId;
  s[subtask(1)].inputs[1].is_feedback = true;
  CHECK_FALSE(find_deadlock(loop, s));
}

TEST_CASE("a loop whose channels are all full is a deadlock", "[deadlock]") {
  const Wiring loop = wired({"ab", "bc", "cb"});
  Situations s = at_rest(loop);
  fill(loop, s, subtask(0), 0);
  fill(loop, s, subtask(1), 0);
  CHECK_FALSE(find_deadlock(loop, s));  // c can take
  fill(loop, s, subtask(2), 0);
  const auto deadlock = find_deadlock(loop, s);
  REQUIRE(deadlock);
  CHECK(deadlock->circle == std::vector<SubtaskId>{subtask(1), subtask(2)});
  CHECK(deadlock->text == "b waits for credits of c, which waits for credits of b");
}

TEST_CASE("what is on its way, and who does not answer, may break a circle", "[deadlock]") {
  const Wiring loop = wired({"ab", "bc", "cb"});
  Situations full = at_rest(loop);
  fill(loop, full, subtask(1), 0);
  fill(loop, full, subtask(2), 0);
  REQUIRE(find_deadlock(loop, full));
  Situations frame = full;
  ++frame[subtask(1)].outputs[0].sent;
  CHECK_FALSE(find_deadlock(loop, frame));
  Situations credits = full;  // c has taken a batch, and said so
  --credits[subtask(2)].inputs[0].batches;
  CHECK_FALSE(find_deadlock(loop, credits));
  credits[subtask(2)].inputs[0].owed = 1;  // no: it has not said so yet
  CHECK(find_deadlock(loop, credits));
  Situations silent = full;
  silent.erase(subtask(2));
  CHECK_FALSE(find_deadlock(loop, silent));
}

TEST_CASE("a channel that is held back for a barrier that needs it is a deadlock", "[deadlock]") {
  // b has the barrier of a, and waits for that of c, which waits for room at b.
  const Wiring loop = wired({"ab", "bc", "cb"});
  Situations s = at_rest(loop);
  s[subtask(0)].handled = kId;
  s[subtask(1)].aligning = kId;
  s[subtask(1)].inputs[0].passed = kId;
  s[subtask(1)].inputs[0].is_blocked = true;
  const auto deadlock = find_deadlock(loop, s);
  REQUIRE(deadlock);
  CHECK(deadlock->text ==
        "c waits for the barrier of checkpoint 3 from b, which waits for the barrier of checkpoint "
        "3 from c");
  Situations timed = s;  // it waits only for a while
  timed[subtask(1)].overtakes_later = true;
  CHECK_FALSE(find_deadlock(loop, timed));
  Situations sent = s;  // the barrier is on its way
  sent[subtask(2)].handled = kId;
  CHECK_FALSE(find_deadlock(loop, sent));
}

TEST_CASE("a deadlock is certain when nobody in it has moved", "[deadlock]") {
  const Wiring loop = wired({"ab", "bc", "cb"});
  Situations s = at_rest(loop);
  fill(loop, s, subtask(1), 0);
  fill(loop, s, subtask(2), 0);
  const auto deadlock = find_deadlock(loop, s);
  REQUIRE(deadlock);
  CHECK(has_stood_still(*deadlock, s, s));
  CHECK_FALSE(has_stood_still(*deadlock, {}, s));
  Situations before = s;
  before[subtask(0)].records_in = 7;  // not in the circle
  CHECK(has_stood_still(*deadlock, before, s));
  before[subtask(2)].records_in = 7;
  CHECK_FALSE(has_stood_still(*deadlock, before, s));
}

TEST_CASE("networks without loops are never taken for deadlocked, and never are", "[deadlock]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    GateNetwork network{random_wiring(random, false), seed};
    while (network.step()) {
      if (random.chance(0.1)) REQUIRE_FALSE(find_deadlock(network.wiring(), network.look()));
    }
    REQUIRE_FALSE(network.is_stuck());
  }
}

TEST_CASE("in networks with loops a deadlock stays, and what is stuck is in one", "[deadlock]") {
  int deadlocks = 0;
  int early = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    GateNetwork network{random_wiring(random, true), seed};
    std::optional<Deadlock> found;
    Situations before;
    for (int steps = 0; steps < 3000 && network.step(); ++steps) {
      if (found || !random.chance(0.1)) continue;
      before = network.look();
      found = find_deadlock(network.wiring(), before);
    }
    const Situations end = network.look();
    const auto deadlock = find_deadlock(network.wiring(), end);
    early += found ? 1 : 0;
    if (found) REQUIRE(deadlock);
    // Who waits for credits takes nothing; who waits for a barrier may take from other channels.
    if (found && found->text.find("barrier") == std::string::npos) {
      for (const SubtaskId each : found->circle)
        REQUIRE(before[each].records_in == end.at(each).records_in);
    }
    if (network.step()) continue;
    REQUIRE(network.is_stuck() == deadlock.has_value());
    deadlocks += deadlock ? 1 : 0;
  }
  CHECK(deadlocks > 50);
  CHECK(early > 50);
}
