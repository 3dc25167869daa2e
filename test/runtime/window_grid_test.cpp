// Which windows a time is in.
#include <weir/detail/window_grid.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using detail::WindowGrid;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

}  // namespace

TEST_CASE("windows begin at multiples of their slide behind the offset, also before 1970",
          "[windows]") {
  const WindowGrid tumbling{weir::tumbling(10ms)};
  CHECK(tumbling.last_end(at(0)) == at(10));
  CHECK(tumbling.last_end(at(9)) == at(10));
  CHECK(tumbling.last_end(at(10)) == at(20));
  CHECK(tumbling.last_end(at(-1)) == at(0));
  CHECK(tumbling.last_end(at(-10)) == at(0));
  CHECK(tumbling.last_end(at(-11)) == at(-10));
  const WindowGrid later{weir::tumbling(10ms, 3ms)};
  CHECK(later.last_end(at(2)) == at(3));
  CHECK(later.last_end(at(3)) == at(13));
  const WindowGrid earlier{weir::tumbling(10ms, -3ms)};
  CHECK(earlier.last_end(at(6)) == at(7));
  CHECK(earlier.last_end(at(7)) == at(17));
  // Local days, eight hours ahead of UTC.
  const WindowGrid days{weir::tumbling(24h, -8h)};
  CHECK(days.last_end(at(0)) == Timestamp{16h});
}

TEST_CASE("a time is in all windows that begin at or before it and end behind it", "[windows]") {
  for (const std::int64_t size : {1, 5, 6, 10, 12}) {
    for (const std::int64_t slide : {1, 2, 3, 5, 6, 10, 15}) {
      for (std::int64_t offset = 1 - slide; offset < slide; ++offset) {
        CAPTURE(size, slide, offset);
        const WindowGrid grid{sliding(std::chrono::milliseconds{size},
                                      std::chrono::milliseconds{slide},
                                      std::chrono::milliseconds{offset})};
        for (std::int64_t time = -40; time < 40; ++time) {
          CAPTURE(time);
          std::set<std::int64_t> ends;  // of windows with this time in it
          for (std::int64_t start = offset - 20 * slide * 10; start <= time; start += slide) {
            if (time < start + size) ends.insert(start + size);
          }
          REQUIRE(grid.is_in_gap(at(time)) == ends.empty());
          if (!ends.empty()) {
            REQUIRE(grid.end_after(at(time)) == at(*ends.begin()));
            REQUIRE(grid.last_end(at(time)) == at(*ends.rbegin()));
            for (std::int64_t end = *ends.begin(); end <= *ends.rbegin(); end += slide)
              REQUIRE(ends.contains(end));
          }
          const Timestamp pane = grid.pane_of(at(time));
          REQUIRE(pane <= at(time));
          REQUIRE(grid.is_end(at(time)) == (grid.end_after(at(time - 1)) == at(time)));
          // All times of a pane are in the same windows.
          REQUIRE(grid.end_after(pane) == grid.end_after(at(time)));
          REQUIRE(grid.last_end(pane) == grid.last_end(at(time)));
        }
      }
    }
  }
}

TEST_CASE("a time around which no window fits is refused", "[windows]") {
  const WindowGrid grid{tumbling(1h)};
  CHECK_NOTHROW(grid.check(Timestamp::min() + 3h));
  CHECK_NOTHROW(grid.check(Timestamp::max() - 3h));
  CHECK_THROWS_AS(grid.check(Timestamp::min() + 1h), std::out_of_range);
  CHECK_THROWS_AS(grid.check(Timestamp::max() - 1h), std::out_of_range);
}

TEST_CASE("windows that make no sense are refused", "[windows]") {
  CHECK_THROWS_AS(tumbling(0ms), std::invalid_argument);
  CHECK_THROWS_AS(tumbling(-1ms), std::invalid_argument);
  CHECK_THROWS_AS(tumbling(1500us), std::invalid_argument);
  CHECK_THROWS_AS(tumbling(1s, 1s), std::invalid_argument);
  CHECK_THROWS_AS(tumbling(1s, -1s), std::invalid_argument);
  CHECK_THROWS_AS(tumbling(1s, 1us), std::invalid_argument);
  CHECK_THROWS_AS(sliding(1s, 0s), std::invalid_argument);
  CHECK_THROWS_AS(sliding(10s, 1s, 1s), std::invalid_argument);
  CHECK_THROWS_AS(session(0s), std::invalid_argument);
}
