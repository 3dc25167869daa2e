// A sink that cannot follow slows down its source; what is in between does not grow.
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>

using namespace weir;

namespace {

/// What was resident while the first tenth of the rows was written, and later.
struct Memory {
  long long early_kib = 0;
  long long late_kib = 0;
};

constexpr long long kib(long long mebibytes) {
  return mebibytes * 1024;
}

/// Runs the throttled job. Its source could make all 400 MB of rows in a fraction of the time that
/// its sink takes.
Memory run_throttled(const std::string& records, const std::string& copies) {
  // What is freed goes back at once, so that what is resident is what is held.
  ::setenv("MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0", 1);
  const auto ended =
      test::run_to_end({test::program("throttled"), "run", "--records", records, "--copies", copies,
                        "--rate", "1000000", "--progress", "none"});
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  long long rows = 0;
  Memory memory;
  REQUIRE(std::sscanf(ended.last_line.c_str(),
                      "%lld records; resident memory %lld KiB early, %lld KiB late", &rows,
                      &memory.early_kib, &memory.late_kib) == 3);
  REQUIRE(rows == 2'000'000);
  REQUIRE(memory.early_kib > 0);
  return memory;
}

}  // namespace

TEST_CASE("memory stays as it is behind a slow sink", "[process][memory]") {
  const Memory memory = run_throttled("2000000", "1");
  CHECK(memory.late_kib < memory.early_kib + kib(16));
}

TEST_CASE("memory stays small behind a slow sink when each record makes very many rows",
          "[process][memory]") {
  const Memory usual = run_throttled("2000000", "1");
  const Memory burst = run_throttled("200", "10000");
  // One record makes more than 2 MB of rows. The first few come together, as nobody knows yet what
  // they make; a whole slice of them would take 600 MB.
  CHECK(burst.early_kib < usual.early_kib + kib(64));
  CHECK(burst.late_kib < usual.early_kib + kib(32));
}
