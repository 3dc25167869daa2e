// Where event time begins: what streams make of the times of their records.
#include "test/support/collect.hpp"

#include <weir/detail/assign_time.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using Ints = detail::Batch<int>;
using detail::Watermark;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// A record is its own time in milliseconds.
constexpr auto kTimeOf = [](int n) { return at(n); };

/// An operator alone, behind which records are collected with their times.
template <class G>
class Alone {
public:
  explicit Alone(const Watermarks<G>& watermarks)
      : op_{{.info = {}, .key_groups = {}, .clock = &clock}, kTimeOf, watermarks} {
    op_.connect(&out_);
  }

  detail::TimeOrigin& origin() { return *op_.time_origin(); }
  void read(std::vector<int> records) {
    Ints batch;
    batch.records = std::move(records);
    op_.consume(batch);
  }
  /// The same in two slices, as the first operator of a chain gets them.
  void read_sliced(std::vector<int> records, std::size_t middle) {
    Ints batch;
    batch.records = std::move(records);
    op_.process(batch, 0, middle);
    op_.process(batch, middle, batch.size());
  }
  Watermark tell(Duration active = {}) { return origin().tell(active); }
  const std::vector<Timestamp>& times() const { return out_.times; }

  test::StoppedClock clock;

private:
  struct Times final : detail::BatchConsumer {
    void consume(detail::BatchBody& body) override {
      for (const Timestamp time : static_cast<Ints&>(body).times) times.push_back(time);
    }
    std::vector<Timestamp> times;
  };
  Times out_;
  detail::AssignTime<int, decltype(kTimeOf), G> op_;
};

/// Says what it is told, whatever the records.
struct Fixed {
  Timestamp says;
  template <class T>
  void on_record(const T&, Timestamp) {}
  Timestamp watermark() const { return says; }
};

/// The last record says it.
struct Last {
  Timestamp says = Timestamp::min();
  void on_record(int record, Timestamp) { says = at(record); }
  Timestamp watermark() const { return says; }
};

}  // namespace

TEST_CASE("records get their times, in one piece or in slices", "[event_time]") {
  Alone alone{monotonic()};
  alone.read({5, 3, 9});
  alone.read_sliced({1, 2, 3, 4}, 1);
  CHECK(alone.times() == std::vector{at(5), at(3), at(9), at(1), at(2), at(3), at(4)});
}

TEST_CASE("a bounded lag is one millisecond behind the latest less the lag", "[event_time]") {
  Alone alone{bounded_lag(10ms)};
  CHECK(alone.tell() == Watermark{});
  alone.read({100, 50});
  CHECK(alone.tell() == Watermark{at(89)});
  alone.read({95});
  CHECK(alone.tell() == Watermark{at(89)});
  alone.read({101});
  CHECK(alone.tell() == Watermark{at(90)});
  Alone ascending{monotonic()};
  ascending.read({7});
  CHECK(ascending.tell() == Watermark{at(6)});
}

TEST_CASE("times at both ends of the scale do no harm", "[event_time]") {
  BoundedLag lag{1000ms};
  lag.on_record(0, Timestamp::min() + 1000ms);
  CHECK(lag.watermark() == Timestamp::min());
  lag.on_record(0, Timestamp::min() + 1002ms);
  CHECK(lag.watermark() == Timestamp::min() + 1ms);
  Alone ahead{watermarks(Fixed{Timestamp::max()})};
  ahead.read({1});
  CHECK(ahead.tell() == Watermark{Timestamp::max() - 1ms});  // only the end of the input is the end
  Alone before{bounded_lag(0ms)};
  before.read({-5});  // before 1970
  CHECK(before.tell() == Watermark{at(-6)});
}

TEST_CASE("a record without a time fails by name", "[event_time]") {
  const auto none = [](int) { return Timestamp::min(); };
  detail::AssignTime<int, decltype(none), BoundedLag> op{{}, none, monotonic()};
  Ints batch;
  batch.records = {1};
  CHECK_THROWS_AS(op.consume(batch), std::out_of_range);
}

TEST_CASE("a time that milliseconds cannot count fails by name, whatever its unit",
          "[event_time]") {
  const auto assign = [](auto time) {
    const auto time_of = [time](int) { return time; };
    detail::AssignTime<int, decltype(time_of), BoundedLag> op{{}, time_of, monotonic()};
    test::Collector<int> out;
    op.connect(&out);
    Ints batch;
    batch.records = {1};
    op.consume(batch);
    return batch.times.at(0);
  };
  using Seconds = std::chrono::sys_time<std::chrono::duration<double>>;
  CHECK(assign(std::chrono::sys_seconds{9'000'000'000'000'000s}) == at(9'000'000'000'000'000'000));
  CHECK(assign(std::chrono::sys_seconds{-5s}) == at(-5000));
  CHECK(assign(Seconds{std::chrono::duration<double>{-0.0015}}) == at(-2));
  for (const std::int64_t count : {1'700'000'000'000'000'000, -1'700'000'000'000'000'000})
    CHECK_THROWS_WITH(assign(std::chrono::sys_seconds{std::chrono::seconds{count}}),
                      Catch::Contains("is its unit right?"));
  for (const double count : {1e30, -1e30, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(assign(Seconds{std::chrono::duration<double>{count}}), std::out_of_range);
}

TEST_CASE("a generator that goes back stands still", "[event_time]") {
  Alone alone{watermarks(Last{})};
  alone.read({10});
  CHECK(alone.tell() == Watermark{at(10)});
  alone.read({4});
  CHECK(alone.tell() == Watermark{at(10)});
}

TEST_CASE("the split that is furthest behind counts", "[event_time]") {
  Alone alone{monotonic()};
  detail::TimeOrigin& origin = alone.origin();
  origin.follow_splits();
  CHECK(alone.tell() == Watermark{});  // none is open: nothing is known, and none is idle
  origin.open_split();
  origin.open_split();
  origin.select_split(1);
  alone.read({100});
  CHECK(alone.tell() == Watermark{});
  origin.select_split(0);
  alone.read({21});
  CHECK(alone.tell() == Watermark{at(20)});
  origin.close_split(0);
  CHECK(alone.tell() == Watermark{at(99)});
  origin.open_split();  // begins behind: time waits for it
  CHECK(alone.tell() == Watermark{at(99)});
  origin.select_split(0);
  alone.read({200});
  CHECK(alone.tell() == Watermark{at(99)});
  origin.select_split(1);
  alone.read({150});
  CHECK(alone.tell() == Watermark{at(149)});
  origin.close_split(0);
  origin.close_split(0);
  CHECK(alone.tell() == Watermark{at(149)});
}

TEST_CASE("T56 a silent split becomes idle, and wakes up without going back", "[event_time]") {
  Alone alone{monotonic().idle_after(1s)};
  detail::TimeOrigin& origin = alone.origin();
  origin.follow_splits();
  origin.open_split();
  origin.open_split();
  origin.select_split(0);
  alone.read({100});
  CHECK(alone.tell(500ms) == Watermark{});  // split 1 may still come
  CHECK(alone.tell(999ms) == Watermark{});
  CHECK(alone.tell(1000ms) == Watermark{at(99)});  // it is idle
  CHECK(alone.tell(1499ms) == Watermark{at(99)});
  CHECK(alone.tell(1500ms) == Watermark{at(99), true});  // now both are
  origin.select_split(1);
  alone.read({50});
  CHECK(alone.tell(1600ms) == Watermark{at(99)});
  CHECK(alone.tell(2600ms) == Watermark{at(99), true});
}

TEST_CASE("one clock that is ahead does not make all others late", "[event_time]") {
  Alone alone{monotonic().at_most_ahead(1s)};
  alone.clock.now = 10s;
  alone.read({10'000, 11'001, 10'500});
  CHECK(alone.tell() == Watermark{at(10'499)});
  CHECK(alone.times().size() == 3);
  alone.read({11'000});
  CHECK(alone.tell() == Watermark{at(10'999)});
}

TEST_CASE("watermarks that make no sense are refused", "[event_time]") {
  CHECK_THROWS_AS(bounded_lag(-1ms), std::invalid_argument);
  CHECK_THROWS_AS(monotonic().idle_after(0ms), std::invalid_argument);
  CHECK_THROWS_AS(monotonic().at_most_ahead(-1ms), std::invalid_argument);
  CHECK(bounded_lag(1500us).generator().watermark() == Timestamp::min());
}

TEST_CASE("what sources keep pace with is theirs to choose, within reason",
          "[event_time][alignment]") {
  CHECK_THROWS_WITH(monotonic().aligned("", 1s), Catch::Contains("must have a name"));
  CHECK_THROWS_WITH(monotonic().aligned("group", 0s), Catch::Contains("drift must be above 0"));
  CHECK_THROWS_WITH(monotonic().aligned("group", -1s), Catch::Contains("drift must be above 0"));
  CHECK_THROWS_WITH(monotonic().aligned("group", 1s, 0s), Catch::Contains("interval"));
  const auto alignment = monotonic().aligned("group", 1500us).idle_after(1s).alignment();
  REQUIRE(alignment);
  CHECK(alignment->group == "group");
  CHECK(alignment->max_drift == 2ms);
  CHECK(alignment->every == 1s);
  CHECK_FALSE(monotonic().alignment());
}

TEST_CASE("a split that is held does not become idle, and says how far it is at any time",
          "[event_time][alignment]") {
  Alone alone{monotonic().idle_after(1s)};
  detail::TimeOrigin& origin = alone.origin();
  origin.follow_splits();
  origin.open_split();
  origin.select_split(0);
  CHECK(origin.split_time(0) == Watermark{});
  alone.read({100});
  CHECK(origin.split_time(0) == Watermark{at(99)});
  origin.hold_split(0, true);
  CHECK(alone.tell(5s) == Watermark{at(99)});
  CHECK(alone.tell(10s) == Watermark{at(99)});
  origin.hold_split(0, false);
  CHECK(alone.tell(10'999ms) == Watermark{at(99)});
  CHECK(alone.tell(11s) == Watermark{at(99), true});
  CHECK(origin.split_time(0) == Watermark{at(99), true});
  alone.read({90});
  CHECK(origin.split_time(0) == Watermark{at(99)});  // it is awake, and does not go back
}
