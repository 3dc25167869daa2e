#include "checkpoint/regional_policy.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::checkpoint;

namespace {

SubtaskId subtask(std::uint32_t vertex, std::uint32_t index) {
  return {VertexId{vertex}, index};
}

/// Lanes of two subtasks each.
SubtaskSets lanes(std::uint32_t count) {
  SubtaskSets regions;
  for (std::uint32_t i = 0; i < count; ++i) regions.push_back({subtask(0, i), subtask(1, i)});
  return regions;
}

/// The lanes of these numbers.
std::set<SubtaskId> whole(std::initializer_list<std::uint32_t> numbers) {
  std::set<SubtaskId> all;
  for (const std::uint32_t i : numbers) all.insert({subtask(0, i), subtask(1, i)});
  return all;
}

RegionalOptions options(double ratio = 0.3, int in_a_row = 2) {
  return {.enabled = true, .max_failure_ratio = ratio, .max_consecutive = in_a_row};
}

}  // namespace

TEST_CASE("a region is left out as a whole", "[regional]") {
  const RegionalPolicy policy{options(), lanes(10)};
  CHECK(policy.may_leave_out({subtask(1, 3)}) == whole({3}));
  CHECK(policy.may_leave_out({subtask(1, 3), subtask(0, 3)}) == whole({3}));
  CHECK(policy.may_leave_out({subtask(1, 3), subtask(0, 9)}) == whole({3, 9}));
}

TEST_CASE("no more than a part of the regions is left out, and never all", "[regional]") {
  const RegionalPolicy ten{options(), lanes(10)};
  CHECK(ten.may_leave_out({subtask(0, 0), subtask(0, 1), subtask(0, 2)}) == whole({0, 1, 2}));
  CHECK(ten.may_leave_out({subtask(0, 0), subtask(0, 1), subtask(0, 2), subtask(0, 3)}).empty());
  CHECK(RegionalPolicy{options(), lanes(3)}.may_leave_out({subtask(0, 0)}).empty());
  CHECK(RegionalPolicy{options(), lanes(4)}.may_leave_out({subtask(0, 0)}) == whole({0}));
  const RegionalPolicy two{options(1.0), lanes(2)};
  CHECK(two.may_leave_out({subtask(0, 0)}) == whole({0}));
  CHECK(two.may_leave_out({subtask(0, 0), subtask(1, 1)}).empty());
  CHECK(RegionalPolicy{options(1.0), lanes(1)}.may_leave_out({subtask(0, 0)}).empty());
  CHECK(RegionalPolicy{options(0.0), lanes(9)}.may_leave_out({subtask(0, 0)}).empty());
}

TEST_CASE("without being asked, or without regions, every checkpoint needs all", "[regional]") {
  CHECK(RegionalPolicy{RegionalOptions{}, lanes(10)}.may_leave_out({subtask(0, 0)}).empty());
  CHECK(RegionalPolicy{options(1.0), {}}.may_leave_out({subtask(0, 0)}).empty());
}

TEST_CASE("after some in a row the next needs all, and counting begins anew", "[regional]") {
  for (const bool fails : {false, true}) {
    RegionalPolicy policy{options(0.5), lanes(4)};
    const auto may = [&] { return !policy.may_leave_out({subtask(0, 0)}).empty(); };
    policy.on_completed(true);
    CHECK(may());
    policy.on_failed();  // one that was allowed to leave out some
    CHECK(may());
    policy.on_completed(true);
    CHECK_FALSE(may());
    fails ? policy.on_failed() : policy.on_completed(false);
    CHECK(may());
    policy.on_completed(true);
    CHECK(may());
    policy.on_completed(false);
    policy.on_completed(true);
    CHECK(may());  // not in a row
  }
}
