// The debloater alone: how many batches may wait, by how fast they are processed.
#include "runtime/task/debloater.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using runtime::Debloater;

namespace {

/// A subtask that always has input, or says when not.
struct Subtask {
  explicit Subtask(std::uint32_t most = 8, DebloatOptions options = {})
      : debloater{options, most}, batches{most} {
    debloater.note_input(true, now);
  }

  /// Processes batches that take so long each, in so many channels.
  void process(int count, Duration each, std::uint32_t in_use = 1) {
    for (; count != 0; --count) {
      now += each;
      if (!debloater.note_batch(now)) continue;
      ++samples;
      if (const auto changed = debloater.decide(now, in_use)) {
        CHECK(*changed != batches);
        batches = *changed;
        ++changes;
      }
    }
  }
  void rest(Duration time) {
    debloater.note_input(false, now);
    now += time;
    debloater.note_input(true, now);
  }

  Duration now = 1h;  // any time
  Debloater debloater;
  std::uint32_t batches;
  int samples = 0;
  int changes = 0;
};

}  // namespace

TEST_CASE("a subtask that processes all in the target time gets all batches", "[debloater]") {
  Subtask subtask;
  subtask.process(1000, 125ms);  // 8 of them in 1 s
  CHECK(subtask.samples == 500);
  CHECK(subtask.changes == 0);
}

TEST_CASE("what waits in all channels together is to take the target time", "[debloater]") {
  const DebloatOptions exact{.threshold_percent = 0};
  Subtask one{8, exact};
  one.process(200, 250ms);
  CHECK(one.batches == 4);
  Subtask two{8, exact};
  two.process(200, 100ms, 2);
  CHECK(two.batches == 5);
  Subtask other{8, {.target = 500ms, .threshold_percent = 0}};
  other.process(200, 100ms);
  CHECK(other.batches == 5);
}

TEST_CASE("two batches are the least, however slow a subtask is", "[debloater]") {
  Subtask subtask;
  subtask.process(10, 1h, 100);
  CHECK(subtask.batches == 2);
}

TEST_CASE("a subtask that becomes faster gets its batches back", "[debloater]") {
  Subtask subtask;
  subtask.process(50, 1s);
  REQUIRE(subtask.batches == 2);
  subtask.process(2000, 1ms);  // 10 samples
  CHECK(subtask.batches > 4);
  CHECK(subtask.batches < 8);
  subtask.process(10'000, 1ms);
  CHECK(subtask.batches == 8);
}

TEST_CASE("time without input does not count", "[debloater]") {
  Subtask subtask;
  for (int i = 0; i < 100; ++i) {
    subtask.rest(10s);
    subtask.process(1, 100ms);
  }
  CHECK(subtask.samples == 100);
  CHECK(subtask.changes == 0);
}

TEST_CASE("one slow batch does not decide alone, and the longer it takes the more it says",
          "[debloater]") {
  const auto after = [](Duration slow) {
    Subtask subtask{100};
    subtask.process(1, slow, 100);  // which asks for the least
    return subtask.batches;
  };
  CHECK(after(200ms) == 100);  // one sample is too little for a change
  CHECK(after(1s) > 50);
  CHECK(after(2s) < after(1s));
  CHECK(after(1min) == 2);
}

TEST_CASE("small changes are left out, save the last step", "[debloater]") {
  Subtask subtask{100};
  subtask.process(500, 12'500us);  // 80 in 1 s
  CHECK(subtask.batches == 100);
  subtask.process(1000, 14'300us);  // 70
  CHECK(subtask.batches == 75);
  CHECK(subtask.changes == 1);
  subtask.process(20'000, 1ms);
  CHECK(subtask.batches == 100);

  Subtask at_once{100, {.threshold_percent = 0}};
  at_once.process(500, 12'500us);
  CHECK(at_once.batches < 90);
}
