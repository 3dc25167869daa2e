// Timers of one operator: when they fire, in which order and for whom; and who has any.
#include "runtime/graph/validate.hpp"
#include "test/runtime/ticker.hpp"

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::test;

TEST_CASE("a timer fires once, however often it was set", "[timers]") {
  Backends backends;
  Tickers tickers{backends.of(GENERATE(values(kEachBackend)))};
  for (int i = 0; i < 3; ++i) {
    tickers.order({7, "event", 100});
    tickers.order({7, "processing", 100});
  }
  CHECK(tickers.next() == at(100));
  CHECK(tickers.event_time(99).empty());
  CHECK(tickers.event_time(100) == Lines{"7 event 100 (1)"});
  CHECK(tickers.event_time(200).empty());
  CHECK(tickers.processing_time(99).empty());
  CHECK(tickers.processing_time(100) == Lines{"7 processing 100 (2)"});
  CHECK(tickers.processing_time(200).empty());
  CHECK_FALSE(tickers.next());
  tickers.order({7, "event", 300});  // set again after it fired, it is another one
  CHECK(tickers.event_time(300) == Lines{"7 event 300 (3)"});
}

TEST_CASE("a timer that was taken back does not fire, in its own time domain alone", "[timers]") {
  Backends backends;
  Tickers tickers{backends.of(GENERATE(values(kEachBackend)))};
  for (const int key : {1, 2}) {
    tickers.order({key, "event", 100});
    tickers.order({key, "processing", 100});
  }
  tickers.order({1, "no event", 100});
  tickers.order({2, "no processing", 100});
  tickers.order({1, "no event", 101});  // was never set
  CHECK(tickers.event_time(100) == Lines{"2 event 100 (1)"});
  CHECK(tickers.processing_time(100) == Lines{"1 processing 100 (1)"});
  tickers.order({1, "event", 150});
  tickers.order({1, "no event", 150});
  tickers.order({1, "event", 150});  // set again
  CHECK(tickers.event_time(200) == Lines{"1 event 150 (2)"});
}

TEST_CASE("timers fire in the order of their times, each with the state of its key", "[timers]") {
  Backends backends;
  Tickers tickers{backends.of(GENERATE(values(kEachBackend)))};
  for (const int ms : {30, 10, 20}) {
    for (const int key : {1, 2}) tickers.order({key, "event", ms});
  }
  tickers.order({2, "event", 5});
  const Lines said = tickers.event_time(30);
  REQUIRE(said.size() == 7);
  CHECK(said[0] == "2 event 5 (1)");
  CHECK(sorted({said[1], said[2]}) == Lines{"1 event 10 (1)", "2 event 10 (2)"});
  CHECK(sorted({said[3], said[4]}) == Lines{"1 event 20 (2)", "2 event 20 (3)"});
  CHECK(sorted({said[5], said[6]}) == Lines{"1 event 30 (3)", "2 event 30 (4)"});
}

TEST_CASE("what on_timer sets and is already due fires too, a few at a call", "[timers]") {
  Tickers tickers;
  const bool is_event = GENERATE(true, false);
  tickers.order({1, "repeat", 999});
  tickers.order({1, is_event ? "event" : "processing", 1});
  const auto advance = [&] {
    return is_event ? tickers.part().advance_event_time(at(5000))
                    : tickers.part().timers()->advance_processing_time(at(5000));
  };
  std::size_t fired = 0;
  for (bool is_last = false; !is_last;) {
    is_last = advance();
    const std::size_t size = tickers.said().size();
    CHECK(size <= detail::kTimersAtOnce);
    fired += size;
  }
  CHECK(fired == 1000);
}

TEST_CASE("a timer for a time that has passed fires when time is looked at next", "[timers]") {
  Tickers tickers;
  tickers.event_time(100);
  tickers.order({1, "event", 50});
  CHECK(tickers.said().empty());
  CHECK(tickers.event_time(20) == Lines{"1 event 50 (1)"});  // event time does not go back
  tickers.order({1, "what time"});
  CHECK(tickers.said() == Lines{"0 100"});
}

TEST_CASE("the end of the input fires all event timers and no processing timer", "[timers]") {
  Tickers tickers;
  tickers.clock.now = 40ms;
  tickers.order({1, "event", 1'000'000});
  tickers.order({1, "processing", 1});
  tickers.order({1, "what time"});
  CHECK(tickers.said() == Lines{"40 none"});
  CHECK(tickers.part().finish());
  CHECK(tickers.said() == Lines{"1 event 1000000 (1)"});
}

namespace {

/// Asks for a timer, and could do nothing with it.
class Deaf final : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order&, Ctx& ctx, Emit<std::string>&) override {
    ctx.event_timers().at(at(1));
  }
};

class Inherits : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order&, Ctx&, Emit<std::string>&) override {}
  void on_timer(Timestamp, Ctx&, Emit<std::string>&) override {}
};
class Inherited final : public Inherits {};

/// Has timers, and no other state.
class Sets final : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order& order, Ctx& ctx, Emit<std::string>&) override {
    order.what == "no" ? ctx.event_timers().cancel(at(order.at))
                       : ctx.event_timers().at(at(order.at));
  }
  void on_timer(Timestamp, Ctx&, Emit<std::string>&) override {}
};

class Impostor final : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order&, Ctx&, Emit<std::string>&) override {}

private:
  ValueState<int> state_{*this, "_timers/event"};
};

Lines states_of(const Job& job) {
  Lines names;
  for (const auto& state : job.graph()->operators[1].states) names.push_back(state.name);
  return names;
}

}  // namespace

TEST_CASE("only processes that override on_timer have timers, and states for them", "[timers]") {
  static_assert(!detail::has_timers<Deaf>());
  static_assert(detail::has_timers<Inherited>());
  CHECK(states_of(job_of<Deaf>()).empty());
  CHECK(states_of(job_of<Inherited>()) == Lines{"_timers/event", "_timers/processing"});
  CHECK(states_of(job_of<Ticker>()) ==
        Lines{"fired", "repeat", "_timers/event", "_timers/processing"});
  const Job deaf = job_of<Deaf>();
  Operators operators{deaf, 1, nullptr};
  CHECK(operators.part().timers() == nullptr);
  CHECK_THROWS_WITH(operators.order({1, "event"}), Catch::Contains("override on_timer"));
}

TEST_CASE("a record belongs to no time domain", "[timers]") {
  Tickers tickers;
  CHECK_THROWS_WITH(tickers.order({1, "domain"}), Catch::Contains("in on_record"));
}

TEST_CASE("the names of the states of timers are refused", "[timers][validate]") {
  const auto problems = runtime::validate(*job_of<Impostor>().graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].operator_name == "ticks");
  CHECK(problems[0].what.find("\"_timers/event\"") != std::string::npos);
  CHECK(problems[0].cure.find("does not begin with _timers/") != std::string::npos);
  CHECK(runtime::validate(*job_of<Ticker>().graph()).empty());
}
TEST_CASE("timers that are gone leave no row behind", "[timers]") {
  const Job job = job_of<Sets>();
  Operators operators{job, 1, nullptr};
  const detail::RowTable& rows = operators.part().keyed_state()->table();
  operators.order({1, "", 10});
  operators.order({1, "", 20});
  operators.order({2, "no", 20});
  CHECK(rows.rows() == 1);
  operators.order({1, "no", 20});
  CHECK(operators.event_time(10).empty());
  CHECK(rows.rows() == 0);
}
