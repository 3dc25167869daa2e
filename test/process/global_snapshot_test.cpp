// The example of three banks: its snapshots add up, by what it prints.
#include "test/process/child.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <sstream>

using namespace weir;

namespace {

/// Adds up the money of each snapshot in the output, in banks and in channels.
std::map<std::string, std::int64_t> sums_of(const std::string& output) {
  std::map<std::string, std::int64_t> sums;
  std::string snapshot;
  std::istringstream lines{output};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("snapshot")) snapshot = line;
    if (!line.starts_with("  P")) continue;
    std::istringstream amounts{line.substr(line.find(':') + 1)};
    for (std::int64_t amount = 0; amounts >> amount;) sums[snapshot] += amount;
  }
  return sums;
}

}  // namespace

TEST_CASE("three banks begin a global snapshot each, and the money in all of them adds up",
          "[process][chandy_lamport]") {
  const test::Ended run = test::run_to_end({WEIR_PROGRAMS "/global_snapshot"});
  INFO(run.output);
  CHECK(run.code == 0);
  CHECK(sums_of(run.output) == std::map<std::string, std::int64_t>{{"snapshot 1 of P1", 3000},
                                                                   {"snapshot 1 of P2", 3000},
                                                                   {"snapshot 1 of P3", 3000}});
}
