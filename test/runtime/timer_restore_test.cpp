// Timers in snapshots: what comes back where, and fires how often.
#include "base/random.hpp"
#include "state/compatibility.hpp"
#include "state/row_json.hpp"
#include "test/runtime/ticker.hpp"

#include <set>
#include <tuple>

using namespace weir;
using namespace weir::test;

namespace {

/// What Ticker was before it had timers.
class Plain final : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order&, Ctx&, Emit<std::string>&) override {}

private:
  ValueState<std::int64_t> fired_{*this, "fired"};
  ValueState<std::int64_t> repeat_{*this, "repeat"};
};

}  // namespace

TEST_CASE("timers come back from a snapshot, whatever holds them then", "[timers]") {
  Backends backends;
  const auto from = GENERATE(values(kEachBackend));
  const auto to = GENERATE(values(kEachBackend));
  const bool native = GENERATE(false, true);
  Tickers before{backends.of(from)};
  before.order({1, "processing", 100});
  before.order({1, "processing", 5000});
  before.order({2, "event", 100});
  before.order({2, "event", 200});
  before.order({2, "no event", 200});
  before.order({3, "processing", 50});
  before.order({4, "event", 7});
  CHECK(before.processing_time(50) == Lines{"3 processing 50 (1)"});
  CHECK(before.event_time(10) == Lines{"4 event 7 (1)"});
  const auto snapshot = before.snapshot(native);
  before.order({9, "event", 1});  // behind the barrier

  Tickers after{backends.of(to)};
  after.restore(*snapshot, backends);
  CHECK(after.next() == at(100));
  CHECK(after.said().empty());
  // Long past due: once. Event time is not known again before it goes on.
  CHECK(after.processing_time(2000) == Lines{"1 processing 100 (1)"});
  after.order({2, "what time"});
  CHECK(after.said() == Lines{"0 none"});
  after.order({2, "event", 100});  // is there already
  CHECK(after.event_time(99).empty());
  CHECK(after.event_time(1000) == Lines{"2 event 100 (1)"});
  CHECK(after.processing_time(5000) == Lines{"1 processing 5000 (2)"});
  CHECK(after.event_time(Timestamp::max()).empty());

  // What has fired is in no later snapshot.
  Tickers last{backends.of(from)};
  last.restore(*after.snapshot(native), backends);
  CHECK_FALSE(last.next());
  CHECK(last.event_time(Timestamp::max()).empty());
}

TEST_CASE("a process that has timers no more must drop them, one that gets them need not",
          "[timers]") {
  const Job plain_job = job_of<Plain>();
  Operators plain{plain_job, 1, nullptr};
  Tickers timed;
  const auto info_of = [](Operators& op) {
    return state::describe("ticks", schema<int>(), *op.part().keyed_state());
  };
  const auto with_timers = timed.snapshot()->handles.at(0);
  const Status refused = state::check_compatible(with_timers, info_of(plain), false).status();
  CHECK(refused.message().find("\"_timers/event\"; override on_timer, or drop it with") !=
        std::string::npos);
  CHECK(state::check_compatible(with_timers, info_of(plain), true).ok());
  const auto without = plain.snapshot()->handles.at(0);
  CHECK(state::check_compatible(without, info_of(timed), false).ok());
}

TEST_CASE("across restarts at other parallelisms and backends, each timer fires exactly once",
          "[timers]") {
  const auto seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{13}));
  CAPTURE(seed);
  Backends backends;
  base::Random random{seed};
  const Job job = job_of<Ticker>();
  using Key = std::tuple<std::int64_t, int, bool>;  // time, key, whether it is an event timer
  std::set<Key> pending;
  std::multiset<std::string> expected;
  std::multiset<std::string> said;
  std::int64_t now = 0;
  std::unique_ptr<Operators::Snapshot> snapshot;
  for (const std::uint32_t parallelism : {1U, 3U, 2U, 16U, 1U}) {
    Operators operators{job, parallelism, backends.draw(random)};
    if (snapshot != nullptr) operators.restore(*snapshot, backends);
    for (int i = 0; i < 300; ++i) {
      const auto key = static_cast<int>(random.below(40));
      const std::int64_t time = now + static_cast<std::int64_t>(random.below(300));
      const bool is_event = random.chance(0.5);
      const bool cancels = random.chance(0.3);
      operators.order(
          {key, std::string{cancels ? "no " : ""} + (is_event ? "event" : "processing"), time});
      if (cancels)
        pending.erase({time, key, is_event});
      else
        pending.insert({time, key, is_event});
      if (i % 10 != 0) continue;
      now += 10;
      for (auto lines : {operators.processing_time(now), operators.event_time(now)}) {
        for (const std::string& line : lines) said.insert(line.substr(0, line.find(" (")));
      }
      while (!pending.empty() && std::get<0>(*pending.begin()) <= now) {
        const auto [fires_at, of, event] = *pending.begin();
        expected.insert(std::to_string(of) + (event ? " event " : " processing ") +
                        std::to_string(fires_at));
        pending.erase(pending.begin());
      }
      REQUIRE(said == expected);
    }
    snapshot = operators.snapshot(random.chance(0.5));
  }
  CHECK(said.size() > 500);
}

TEST_CASE("timers are shown as the times of a key", "[timers]") {
  Tickers tickers;
  tickers.order({7, "event", 200});
  tickers.order({7, "event", 100});
  tickers.order({8, "processing", 300});
  const auto snapshot = tickers.snapshot();
  REQUIRE(snapshot->handles.size() == 1);
  const state::KeyedStateHandle& handle = snapshot->handles[0];
  Lines lines;
  for (const char* name : {"_timers/event", "_timers/processing"}) {
    state::StateReader reader{handle.inlined, "snapshot"};
    CHECK(state::print_rows(handle, reader, name,
                            [&](const std::string& key, const std::string& value) {
                              lines.push_back(key + " " + value);
                            })
              .ok());
  }
  CHECK(lines == Lines{"7 [100,200]", "8 [300]"});
}
