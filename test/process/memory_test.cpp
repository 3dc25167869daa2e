// A sink that cannot follow slows down its source; what is in between does not grow.
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <cstdio>

using namespace weir;

TEST_CASE("memory stays as it is behind a slow sink", "[process][memory]") {
  // The source could make all 400 MB of records in a fraction of the time that the sink takes.
  const auto ended = test::run_to_end({test::program("throttled"), "run", "--records", "2000000",
                                       "--rate", "1000000", "--progress", "none"});
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  long long records = 0;
  long long early_kib = 0;
  long long late_kib = 0;
  REQUIRE(std::sscanf(ended.last_line.c_str(),
                      "%lld records; resident memory %lld KiB early, %lld KiB late", &records,
                      &early_kib, &late_kib) == 3);
  CHECK(records == 2'000'000);
  CHECK(early_kib > 0);
  CHECK(late_kib < early_kib + 16 * 1024);
}
