#include <weir/detail/key_group.hpp>
#include <weir/hash.hpp>
#include <weir/time.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
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

TEST_CASE("equal keys have equal hashes, whatever they are made of", "[hash]") {
  using weir::hash_of;
  std::unordered_set<int> up;
  std::unordered_set<int> down;
  std::unordered_map<std::string, double> one;
  std::unordered_map<std::string, double> other;
  for (int i = 0; i < 100; ++i) {
    up.insert(i);
    down.insert(99 - i);
    one[std::to_string(i)] = 0.0;
    other[std::to_string(99 - i)] = -0.0;
  }
  down.rehash(1000);  // so that they are visited in another order
  REQUIRE(up == down);
  CHECK(hash_of(up) == hash_of(down));
  REQUIRE(one == other);
  CHECK(hash_of(one) == hash_of(other));
  CHECK(hash_of(std::vector{0.0, 1.0}) == hash_of(std::vector{-0.0, 1.0}));
  CHECK(hash_of(std::optional{0.0}) == hash_of(std::optional{-0.0}));
  CHECK(hash_of(std::variant<int, double>{0.0}) == hash_of(std::variant<int, double>{-0.0}));
  CHECK(hash_of(std::pair{1, std::vector{0.0}}) == hash_of(std::pair{1, std::vector{-0.0}}));
}

TEST_CASE("keys that differ a little have different hashes", "[hash]") {
  using weir::hash_of;
  CHECK(hash_of(std::vector{1, 2}) != hash_of(std::vector{2, 1}));
  CHECK(hash_of(std::vector{0}) != hash_of(std::vector<int>{}));
  CHECK(hash_of(std::vector{true, false}) != hash_of(std::vector{false, true}));
  CHECK(hash_of(std::set{1, 2}) != hash_of(std::set{1, 3}));
  CHECK(hash_of(std::unordered_set{1, 2}) != hash_of(std::unordered_set{1, 2, 3}));
  CHECK(hash_of(std::map<int, int>{{1, 2}}) != hash_of(std::map<int, int>{{2, 1}}));
  CHECK(hash_of(std::optional<int>{}) != hash_of(std::optional{0}));
  CHECK(hash_of(std::variant<int, double>{0}) != hash_of(std::variant<int, double>{0.0}));
  CHECK(hash_of(std::chrono::seconds{1}) != hash_of(std::chrono::seconds{2}));
  CHECK(hash_of(weir::WallTime{std::chrono::seconds{1}}) != hash_of(weir::WallTime{}));
  CHECK(hash_of(std::array{1, 2}) != hash_of(std::array{2, 1}));
}
