#include <weir/detail/key_group.hpp>
#include <weir/hash.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace weir::detail;

TEST_CASE("key-group ranges of all subtasks cover every group once", "[key_group]") {
  for (const std::uint32_t max : {1U, 7U, 128U, 1000U, 32768U}) {
    for (std::uint32_t parallelism = 1; parallelism <= std::min(max, 64U); ++parallelism) {
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; i < parallelism; ++i) {
        const KeyGroupRange range = range_of_subtask(i, parallelism, max);
        REQUIRE(range.begin == next);
        for (std::uint32_t group = range.begin; group < range.end; ++group)
          REQUIRE(subtask_of_group(group, parallelism, max) == i);
        next = range.end;
      }
      REQUIRE(next == max);
    }
  }
}

TEST_CASE("keys spread evenly over key groups", "[key_group]") {
  constexpr std::uint32_t kGroups = 128;
  constexpr int kKeys = 128'000;
  std::vector<int> counts(kGroups);
  for (int key = 0; key < kKeys; ++key) ++counts[key_position(weir::hash_of(key), kGroups).group];
  // A thousand keys a group: six standard deviations are 190.
  for (const int count : counts) CHECK(std::abs(count - kKeys / static_cast<int>(kGroups)) < 190);
}
