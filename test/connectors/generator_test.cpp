#include "test/support/collect.hpp"

#include <weir/detail/csv.hpp>
#include <weir/generator.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;

namespace {

enum class Level : std::uint8_t { low = 1 };
struct Reading {
  int sensor = 0;
  double value = 0;
  std::optional<std::string> note = {};
  Level level = Level::low;
  Timestamp at = {};
};

template <class T>
std::string csv_of(const T& value) {
  std::string row;
  detail::append_csv(value, row);
  return row;
}

}  // namespace

TEST_CASE("a sequence yields every number once, at any parallelism", "[generator]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  for (const std::uint32_t parallelism : {1U, 2U, 7U, 100U}) {
    for (const auto& [first, last] : {std::pair{0, 10}, {-5, 20}, {3, 3}, {5, 2}, {0, 5000}}) {
      const SourceContext context{env, clock, parallelism};
      const auto all = test::read_all(generator::sequence(first, last), context);
      std::vector<std::int64_t> expected;
      for (std::int64_t n = first; n < last; ++n) expected.push_back(n);
      CHECK(all == expected);
    }
  }
}

TEST_CASE("a sequence goes on where its position says", "[generator]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 1};
  const auto source = generator::sequence(0, 5000);
  const Split split = source.factory()->list(context).value()[0];
  const auto first = test::read_split(source, split, std::nullopt, context, 2000);
  const auto second = test::read_split(source, split, first.position, context);
  CHECK(first.records.size() + second.records.size() == 5000);
  CHECK(second.records.front() == first.records.back() + 1);
}

TEST_CASE("a rate is kept by the clock", "[generator]") {
  base::MemoryEnv env;
  test::StoppedClock clock;
  const SourceContext context{env, clock, 1};
  const auto source = generator::sequence(0, 1'000'000, {.rate = 1000});
  test::Collector<std::int64_t> out;
  auto host = source.factory()->make_host();
  host->connect(&out);
  REQUIRE(host->open(source.factory()->list(context).value()[0], std::nullopt, context).ok());
  const auto poll_all = [&] {
    while (true) {
      const Poll poll = host->poll(0);
      if (const auto* later = std::get_if<Later>(&poll)) return later->after;
    }
  };
  const Duration wait = poll_all();
  CHECK(host->emitted() == 1);
  CHECK(wait > 0s);
  CHECK(wait <= 1ms);
  clock.now += 1s;
  poll_all();
  CHECK(host->emitted() == 1001);
}

TEST_CASE("values become fields of a row", "[csv]") {
  CHECK(csv_of(42) == "42");
  CHECK(csv_of(std::pair<std::string, std::int64_t>{"word", 3}) == "word,3");
  CHECK(csv_of(std::string{"a,\"b\"\n"}) == "\"a,\"\"b\"\"\n\"");
  CHECK(csv_of(1.5) == "1.5");
  CHECK(csv_of(true) == "true");
  CHECK(csv_of('x') == "x");
  CHECK(csv_of(std::optional<int>{}).empty());
  CHECK(csv_of(Reading{7, -0.25, "ok", Level::low, Timestamp{5ms}}) == "7,-0.25,ok,1,5");
  CHECK(csv_of(std::tuple{1, std::string{"x"}, 2ms}) == "1,x,2");
}
