// Which splits are too far ahead to be read, and when their subtask speaks.
#include "runtime/task/split_pace.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using detail::Watermark;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}
Watermark split(std::int64_t ms, bool is_idle = false) {
  return {at(ms), is_idle};
}

using Splits = std::vector<Watermark>;
using Told = std::optional<SourceTime>;

/// Keeps within 10 ms of the others, and speaks every second.
SplitPace pace() {
  return SplitPace{{"group", 10ms, 1s}};
}

}  // namespace

TEST_CASE("a split is read as far as the drift allows", "[alignment]") {
  SplitPace splits = pace();
  splits.on_group_time(at(100));
  CHECK_FALSE(splits.holds(split(110)));
  CHECK(splits.holds(split(111)));
  splits.on_group_time(at(101));
  CHECK_FALSE(splits.holds(split(111)));
}

TEST_CASE("a split is read until it has a time, and while it is idle", "[alignment]") {
  SplitPace splits = pace();
  CHECK_FALSE(splits.holds(Watermark{}));
  CHECK(splits.holds(split(-5)));  // the group has said nothing
  CHECK_FALSE(splits.holds(split(5, true)));
  splits.on_group_time(Timestamp::min());
  CHECK(splits.holds(split(-5)));
}

TEST_CASE("a limit beyond the end of time is none", "[alignment]") {
  SplitPace splits = pace();
  splits.on_group_time(Timestamp::max() - 3ms);
  CHECK_FALSE(splits.holds({Timestamp::max() - 1ms, false}));
}

TEST_CASE("a subtask speaks when it begins to read, and then now and then", "[alignment]") {
  SplitPace splits = pace();
  CHECK_FALSE(splits.tells_at());
  CHECK_FALSE(splits.tell(false, 5s));  // it has no split yet
  CHECK(splits.tell(Splits{Watermark{}, split(7)}, 5s) == SourceTime{});
  CHECK(splits.tells_at() == 6s);
  splits.on_group_time(at(0));
  CHECK_FALSE(splits.tell(Splits{split(6), split(7)}, 5999ms));
  CHECK(splits.tell(Splits{split(6), split(7)}, 6s) == SourceTime{.time = at(6)});
  CHECK_FALSE(splits.tell(false, 6500ms));  // between two splits
  CHECK(splits.tell(false, 7s) == SourceTime{.time = at(6)});
  CHECK(splits.tell(Splits{split(4)}, 8s) == SourceTime{.time = at(6)});  // it does not go back
}

TEST_CASE("a subtask that may read nothing more says so at once, and each time it has moved",
          "[alignment]") {
  SplitPace splits = pace();
  splits.on_group_time(at(0));
  CHECK(splits.tell(Splits{split(5), split(12)}, 0s) == SourceTime{.time = at(5)});
  CHECK_FALSE(splits.tell(Splits{split(9), split(12)}, 1ms));
  const Told told = splits.tell(Splits{split(11), split(12)}, 2ms);
  CHECK(told == SourceTime{.time = at(11), .waits = true});
  CHECK_FALSE(splits.tell(Splits{split(11), split(12)}, 3ms));
  splits.on_group_time(at(2));
  CHECK_FALSE(splits.tell(Splits{split(11), split(12)}, 4ms));
  CHECK(splits.tell(Splits{split(13), split(14)}, 5ms) ==
        SourceTime{.time = at(13), .waits = true});
  CHECK(splits.tell(Splits{split(13), split(14)}, 1005ms) ==
        SourceTime{.time = at(13), .waits = true});  // again: it may have been lost
}

TEST_CASE("a split that is idle does not count, and does not wait", "[alignment]") {
  SplitPace splits = pace();
  splits.on_group_time(at(0));
  CHECK(splits.tell(Splits{split(5), split(12)}, 0s) == SourceTime{.time = at(5)});
  CHECK(splits.tell(Splits{split(5, true), split(12)}, 1ms) ==
        SourceTime{.time = at(12), .waits = true});
}

TEST_CASE("T57 a subtask says at once when it does not count, and when it does again",
          "[alignment]") {
  SplitPace splits = pace();
  SECTION("because it is idle") {
    splits.on_group_time(at(0));
    CHECK(splits.tell(Splits{split(5)}, 0s) == SourceTime{.time = at(5)});
    CHECK(splits.tell(Splits{split(5, true)}, 1ms) == SourceTime{.time = at(5), .counts = false});
    CHECK_FALSE(splits.tell(Splits{split(5, true)}, 2ms));
    CHECK(splits.tell(Splits{split(40)}, 3ms) == SourceTime{.time = at(40), .waits = true});
  }
  SECTION("because it has ended") {
    CHECK(splits.tell(Splits{split(5)}, 0s) == SourceTime{.time = at(5), .waits = true});
    CHECK(splits.tell(true, 1ms) == SourceTime{.time = at(5), .counts = false});
    CHECK_FALSE(splits.tell(true, 2ms));
    CHECK(splits.tell(true, 1001ms) == SourceTime{.time = at(5), .counts = false});
  }
  SECTION("because it has never had a split") {
    CHECK(splits.tell(true, 0s) == SourceTime{.counts = false});
  }
}
