// Subtasks of sources that keep pace with each other: how far they read ahead, and what goes on
// while they do not.
#include "test/runtime/duet.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::CheckpointKind;
using namespace weir::test;

namespace {

Trace on_trigger(Bench& bench, const checkpoint::Barrier& barrier) {
  return bench.turn([&](Subtask& subtask) { subtask.on_trigger(barrier); });
}

bool has(const Trace& trace, const std::string& line) {
  return std::find(trace.begin(), trace.end(), line) != trace.end();
}

}  // namespace

TEST_CASE("a source that is ahead waits for the one that is behind", "[alignment][subtask]") {
  constexpr int kEnd = 50'000;
  const auto run = [](Duet& duet) {
    duet.feed("fast") = {.end = kEnd};
    duet.feed("slow") = {.end = kEnd, .per_poll = 1, .pause = 1ms};
    duet.start({"fast"}, {"slow"});
    duet.pass(20s);
  };
  SECTION("if they are aligned") {
    Duet duet;
    run(duet);
    CHECK(duet.feed("slow").next >= 19'000);
    CHECK(duet.widest <= kDrift + kBatch);
    CHECK(duet.feed("fast").next >= 18'000);  // it does not stand: it is told every second
    CHECK(duet.answers_sent <= 200);          // nor is it told all the time
  }
  SECTION("else it does not") {
    Duet duet{monotonic()};
    run(duet);
    CHECK(duet.widest > 45'000);
    CHECK(duet.answers_sent == 0);
    CHECK(duet.fast.source_times().empty());
  }
}

TEST_CASE("nobody reads more than a batch before all have said where they begin",
          "[alignment][subtask]") {
  Duet duet;
  duet.feed("fast") = {.end = 50'000};
  duet.fast.start();
  duet.fast.credit(0, 1'000'000);
  duet.slow.start();
  duet.fast.turn([](Subtask& subtask) { subtask.on_splits({{{"fast"}, std::nullopt}}, true); });
  duet.deliver();
  duet.pass(10s);
  CHECK(duet.feed("fast").next > 0);
  CHECK(duet.feed("fast").next <= kBatch);
  CHECK(duet.slow.source_times().empty());  // it does not know what it reads
}

TEST_CASE("sources that wait for nobody else move on without time passing",
          "[alignment][subtask]") {
  Duet duet;
  duet.feed("fast") = {.next = 20'000, .end = 100'000};
  duet.feed("slow") = {.end = 100'000};
  duet.start({"fast"}, {"slow"});
  CHECK(duet.feed("fast").next == 100'000);
  CHECK(duet.feed("slow").next == 100'000);
  CHECK(duet.answers_sent < 1000);  // a round for each drift
}

TEST_CASE("of a subtask's splits those are read that are not ahead", "[alignment][subtask]") {
  Duet duet;
  duet.feed("ahead") = {.next = 10'000, .end = 50'000};
  duet.feed("behind") = {.end = 50'000, .per_poll = 1, .pause = 1ms};
  duet.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1ms};
  duet.start({"ahead", "behind"}, {"slow"});
  duet.pass(5s);
  CHECK(duet.feed("ahead").next <= 10'000 + kBatch);
  CHECK(duet.feed("behind").next >= 4900);
  duet.pass(20s);
  CHECK(duet.feed("ahead").next > 20'000);
  CHECK(duet.feed("ahead").next - duet.feed("behind").next <= kDrift + kBatch);
}

TEST_CASE("a split that is not read is not idle, however long that lasts", "[alignment][subtask]") {
  Duet duet{aligned().idle_after(2s)};
  duet.feed("fast") = {.next = 100'000, .end = 200'000};
  duet.feed("slow") = {.end = 200'000, .per_poll = 1, .pause = 1ms};
  duet.start({"fast"}, {"slow"});
  duet.pass(20s);
  CHECK(duet.feed("fast").next <= 100'000 + kBatch);
  CHECK(duet.idle_marks == 0);
  for (const SourceTime& time : duet.fast.source_times()) CHECK(time.counts);
}

TEST_CASE("T57 who is idle, or ends, or dies, or has no splits holds nobody up",
          "[alignment][subtask]") {
  Duet duet{aligned().idle_after(2s)};
  duet.feed("fast") = {.end = 50'000};
  SECTION("idle, and then not any more") {
    duet.feed("slow") = {.end = 50'000, .per_poll = 10, .pause = 10s};
    duet.start({"fast"}, {"slow"});
    duet.pass(1s);
    CHECK(duet.feed("fast").next <= kDrift + kBatch);
    duet.pass(4s);
    CHECK(duet.feed("fast").next == 50'000);
    const Timestamp before = duet.slow.source_times().back().time;
    CHECK_FALSE(duet.slow.source_times().back().counts);
    duet.pass(6s);  // it has ten more
    CHECK(duet.feed("slow").next == 20);
    CHECK(std::any_of(duet.slow.source_times().begin(), duet.slow.source_times().end(),
                      [&](const SourceTime& time) { return time.counts && time.time > before; }));
  }
  SECTION("it ends") {
    duet.feed("slow") = {.end = 10, .per_poll = 10};
    duet.start({"fast"}, {"slow"});
    CHECK(duet.feed("fast").next == 50'000);
  }
  SECTION("it has no splits") {
    duet.start({"fast"}, {});
    CHECK(duet.feed("fast").next == 50'000);
  }
  SECTION("it dies") {
    duet.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1ms};
    duet.start({"fast"}, {"slow"});
    CHECK(duet.feed("fast").next <= kDrift + kBatch);
    duet.fail("slow/0");
    duet.deliver();
    CHECK(duet.feed("fast").next == 50'000);
  }
  SECTION("it is drained") {
    duet.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1ms};
    duet.start({"fast"}, {"slow"});
    on_trigger(duet.slow, {.id = CheckpointId{1}, .kind = CheckpointKind::drain});
    duet.deliver();
    CHECK(duet.feed("fast").next == 50'000);
  }
}

TEST_CASE("one that wakes up far ahead of the others waits for them", "[alignment][subtask]") {
  Duet duet{aligned().idle_after(2s)};
  duet.feed("fast") = {.end = 20'000, .per_poll = 1, .pause = 10s};
  duet.feed("slow") = {.end = 20'000, .per_poll = 1, .pause = 1ms};
  duet.start({"fast"}, {"slow"});
  duet.pass(5s);
  CHECK_FALSE(duet.fast.source_times().back().counts);
  duet.feed("fast") = {.next = 12'000, .end = 20'000};  // its pause ends at ten seconds
  duet.pass(6s);
  CHECK(duet.feed("fast").next > 12'000);
  CHECK(duet.feed("fast").next <= 12'000 + kBatch);
}

TEST_CASE("barriers pass while nothing is read, and nothing is lost", "[alignment][subtask]") {
  Duet duet;
  REQUIRE(duet.fast.env().create_directories("/checkpoints/chk-1").ok());
  duet.feed("fast") = {.end = 50'000};
  duet.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1h};
  duet.start({"fast"}, {"slow"});
  CHECK(has(on_trigger(duet.fast, {.id = CheckpointId{1}}), "out 0: barrier 1"));
  CHECK(has(duet.fast.do_work(), "ack 1"));
  const auto& splits = duet.fast.acks().back().state.sources.at(0).splits;
  REQUIRE(splits.size() == 1);
  const int next = duet.feed("fast").next;
  CHECK(duet.fast.records_left() == static_cast<std::uint64_t>(next));
  ByteReader position{splits[0].position.value()};
  CHECK(decode<int>(position) == next);
  SECTION("a stop ends it there") {
    const Trace trace =
        on_trigger(duet.fast, {.id = CheckpointId{2}, .kind = CheckpointKind::stop});
    CHECK(has(trace, "out 0: barrier 2"));
    duet.fail("slow/0");
    duet.deliver();
    CHECK(duet.feed("fast").next == next);
    duet.fast.turn([](Subtask& subtask) { subtask.on_aborted(CheckpointId{2}); });
    CHECK(duet.feed("fast").next > next);  // it was given up: others have come closer meanwhile
  }
  SECTION("a drain as well") {
    const Trace trace =
        on_trigger(duet.fast, {.id = CheckpointId{2}, .kind = CheckpointKind::drain});
    CHECK(has(trace, "drained"));
    CHECK(has(trace, "out 0: barrier 2"));
    CHECK(duet.feed("fast").next == next);
    CHECK_FALSE(duet.fast.source_times().back().counts);
  }
  SECTION("a new attempt goes on there, and waits again") {
    Duet later;
    later.feed("fast") = {.end = 50'000};
    later.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1h};
    later.start({}, {"slow"});
    Bench again{two_sources(std::make_shared<std::map<std::string, Feed>>(
                                std::map<std::string, Feed>{{"fast", {.end = 50'000}}}),
                            aligned()),
                "fast/0"};
    again.start();
    again.credit(0, 1'000'000);
    again.turn([&](Subtask& subtask) { subtask.on_splits(splits, true); });
    CHECK(again.source_times().back() == SourceTime{.time = at(next + kBatch - 2), .waits = true});
    CHECK(again.records_left() == kBatch);
    again.turn([](Subtask& subtask) { subtask.on_group_time(Timestamp::max()); });
    CHECK(again.records_left() == static_cast<std::uint64_t>(50'000 - next));
  }
}

TEST_CASE("what is lost between sources is told again", "[alignment][subtask]") {
  Duet duet;
  const int end_of_slow = GENERATE(50'000, 10);  // the latter has ended when it is told again
  duet.feed("fast") = {.next = 20'000, .end = 50'000};
  duet.feed("slow") = {.end = end_of_slow};
  duet.loses_messages = true;
  duet.start({"fast"}, {"slow"});
  duet.pass(900ms);
  CHECK(duet.feed("fast").next <= 20'000 + kBatch);
  CHECK(duet.feed("slow").next <= kBatch);
  duet.loses_messages = false;
  duet.pass(200ms);
  CHECK(duet.feed("slow").next == end_of_slow);
  CHECK(duet.feed("fast").next == 50'000);
}

TEST_CASE("a source that is held up by those behind it speaks all the same",
          "[alignment][subtask]") {
  Duet duet;
  duet.feed("slow") = {.end = 1'000'000};
  duet.slow.start();
  duet.slow.turn([](Subtask& subtask) { subtask.on_splits({{{"slow"}, std::nullopt}}, true); });
  duet.slow.turn([](Subtask& subtask) { subtask.on_group_time(Timestamp::max()); });
  REQUIRE(duet.feed("slow").next < 1'000'000);  // there are no credits left
  const std::size_t told = duet.slow.source_times().size();
  duet.pass(5s);
  CHECK(duet.slow.source_times().size() == told + 5);
}

TEST_CASE("a subtask wakes up to say how far it is", "[alignment][subtask]") {
  Duet duet{monotonic().aligned("group", 1s, 20ms)};
  duet.feed("fast") = {.end = 10, .per_poll = 1, .pause = 1h};
  duet.feed("slow") = {.end = 10, .per_poll = 10};
  duet.start({"fast"}, {"slow"});
  for (Bench* bench : {&duet.fast, &duet.slow}) {  // also one that has ended
    REQUIRE(bench->wakes_at());
    CHECK(*bench->wakes_at() - bench->now() <= 20ms);
  }
}

TEST_CASE("a subtask that waits for others does not spin", "[alignment][subtask]") {
  Duet duet;
  duet.feed("fast") = {.end = 50'000};
  duet.feed("slow") = {.end = 50'000, .per_poll = 1, .pause = 1h};
  duet.start({"fast"}, {"slow"});
  duet.step();
  REQUIRE(duet.fast.wakes_at());
  CHECK(*duet.fast.wakes_at() >= duet.fast.now() + 100ms);  // to tell the time
  const auto told = duet.fast.source_times().size();
  duet.pass(10s);
  CHECK(duet.fast.source_times().size() == told + 10);
}
