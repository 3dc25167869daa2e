#include "base/text.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir::base;

TEST_CASE("durations are read in Flink's forms", "[text]") {
  CHECK(parse_duration("200ms").value() == 200ms);
  CHECK(parse_duration("1 s").value() == 1s);
  CHECK(parse_duration(" 10 MIN ").value() == 10min);
  CHECK(parse_duration("2h").value() == 2h);
  CHECK(parse_duration("1 d").value() == 24h);
  CHECK(parse_duration("2 days").value() == 48h);
  CHECK(parse_duration("3 hours").value() == 3h);
  CHECK(parse_duration("7").value() == 7ms);
  CHECK(parse_duration("3 us").value() == 3us);
  CHECK(parse_duration("0").value() == 0s);
}

TEST_CASE("what is no duration is refused with the reason", "[text]") {
  for (const char* text : {"", "ms", "-1 s", "1 fortnight", "1.5 s", "99999999999999 d"}) {
    CAPTURE(text);
    CHECK(parse_duration(text).status().code() == weir::ErrorCode::invalid_argument);
  }
  CHECK(parse_duration("1 fortnight").status().message().find("fortnight") != std::string::npos);
}

TEST_CASE("durations are written in the largest exact unit", "[text]") {
  CHECK(format_duration(200ms) == "200 ms");
  CHECK(format_duration(60s) == "1 min");
  CHECK(format_duration(90s) == "90 s");
  CHECK(format_duration(24h) == "1 d");
  CHECK(format_duration(0s) == "0 ms");
  CHECK(format_duration(1ns) == "1 ns");
}

TEST_CASE("sizes, counts, numbers and booleans are read and written", "[text]") {
  CHECK(parse_size("32 kb").value() == 32U << 10);
  CHECK(parse_size("64MiB").value() == 64U << 20);
  CHECK(parse_size("17").value() == 17U);
  CHECK_FALSE(parse_size("1 parsec").ok());
  CHECK(format_size(17) == "17 B");
  CHECK(format_size(1536 << 10) == "1.5 MiB");
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(parse_bool("TRUE").value());
  CHECK_FALSE(parse_bool("yes").ok());
  CHECK(parse_int("-12").value() == -12);
  CHECK_FALSE(parse_int("12a").ok());
  CHECK(parse_double("0.5").value() == 0.5);
  CHECK_FALSE(parse_double("nan").ok());
}

TEST_CASE("the nearest known name is suggested, but nothing far-fetched", "[text]") {
  const std::vector<std::string> names{"parallelism.default", "restart-strategy.type"};
  CHECK(nearest("restart-stratgy.type", names) == "restart-strategy.type");
  CHECK(nearest("zzz", names).empty());
}
