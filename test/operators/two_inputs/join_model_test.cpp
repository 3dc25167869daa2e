// Joins of random streams against models that know nothing of state and timers: all records that
// were not late, each looked at together with each of the other stream.
#include "base/random.hpp"
#include "test/operators/two_inputs/sides.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

using namespace weir;
using test::at;
using test::Left;
using test::Right;

namespace {

using Ms = std::chrono::milliseconds;

constexpr std::int64_t kSeeds = 1000;
constexpr std::int64_t kEnd = 80;  // ms: records lie before it

/// A record that was pushed.
template <class T>
struct Came {
  T record;
  Timestamp time;
  Timestamp passed;  // how far event time had come
};

/// What has been pushed and was not late, and what was late.
struct Pushed {
  std::vector<Came<Left>> lefts;
  std::vector<Came<Right>> rights;
  std::vector<Left> late_lefts;
  std::vector<Right> late_rights;
};

template <class T>
void note(const Came<T>& came, bool is_late, std::vector<Came<T>>& in_time, std::vector<T>& late) {
  if (is_late)
    late.push_back(came.record);
  else
    in_time.push_back(came);
}

/// Pushes records of few keys at random, lets time go on now and then, and moves the state to other
/// harnesses. `make(options)` makes one; `is_late(time, passed)` tells of a record that comes when
/// event time has passed so far; `collect(op)` takes what has come out.
template <class Make, class IsLate, class Collect>
Pushed run(base::Random& random, Make make, IsLate is_late, Collect collect) {
  const auto draw_options = [&] {
    return testing::HarnessOptions{
        .parallelism = 1 + static_cast<int>(random.below(3)),
        .backend = random.chance(0.05) ? StateBackendType::rocksdb : StateBackendType::hashmap};
  };
  Pushed pushed;
  auto op = make(draw_options());
  Timestamp first = Timestamp::min();
  Timestamp second = Timestamp::min();
  int number = 0;
  const auto forward = [&](Timestamp& of_input) {
    return of_input = std::max(of_input, at(static_cast<std::int64_t>(random.below(kEnd))));
  };
  for (std::uint64_t step = 0, steps = 10 + random.below(60); step < steps; ++step) {
    const int key = static_cast<int>(random.below(3));
    const Timestamp time = at(static_cast<std::int64_t>(random.below(kEnd)));
    const Timestamp passed = std::min(first, second);
    const bool late = is_late(time, passed);
    const auto choice = random.below(20);
    if (choice < 9) {
      const Left left{key, number++};
      op.push_first(left, time);
      note({left, time, passed}, late, pushed.lefts, pushed.late_lefts);
    } else if (choice < 18) {
      const Right right{std::to_string(number++), key};
      op.push_second(right, time);
      note({right, time, passed}, late, pushed.rights, pushed.late_rights);
    } else if (choice == 18 && random.chance(0.6)) {
      random.chance(0.5) ? op.watermark_first(forward(first))
                         : op.watermark_second(forward(second));
    } else if (random.chance(0.3)) {
      collect(op);
      const auto snapshot = op.snapshot();
      op = make(draw_options());
      op.restore(snapshot);
      op.watermark_first(first);
      op.watermark_second(second);
    }
  }
  op.end();
  collect(op);
  return pushed;
}

/// Collects results and late records over several harnesses.
struct Found {
  std::multiset<std::string> results;
  std::vector<Left> late_lefts;
  std::vector<Right> late_rights;

  template <class T>
  static void append(std::vector<T>& to, const std::vector<T>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }
};

template <class T>
std::vector<T> sorted(std::vector<T> records) {
  std::sort(records.begin(), records.end());
  return records;
}

}  // namespace

TEST_CASE("interval joins find what a look at all pairs finds", "[joins][model]") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto lower = static_cast<std::int64_t>(random.below(30)) - 15;
    const auto upper = lower + static_cast<std::int64_t>(random.below(20));
    CAPTURE(lower, upper);
    Found found;
    const Pushed pushed = run(
        random,
        [&](testing::HarnessOptions options) {
          return test::keyed_harness(
              [&](const auto& lefts, const auto& rights) {
                return lefts.connect(rights).interval_join("join", between(Ms{lower}, Ms{upper}),
                                                           test::pair_of);
              },
              options);
        },
        [](Timestamp time, Timestamp passed) { return time <= passed; },
        [&](auto& op) {
          for (const std::string& pair : op.drain()) found.results.insert(pair);
          Found::append(found.late_lefts, op.template side<Left>("late-first"));
          Found::append(found.late_rights, op.template side<Right>("late-second"));
        });
    std::multiset<std::string> expected;
    for (const auto& left : pushed.lefts) {
      for (const auto& right : pushed.rights) {
        const auto distance = right.time - left.time;
        if (left.record.key == right.record.key && distance >= Ms{lower} && distance <= Ms{upper})
          expected.insert(test::pair_of(left.record, right.record));
      }
    }
    REQUIRE(found.results == expected);
    REQUIRE(sorted(found.late_lefts) == sorted(pushed.late_lefts));
    REQUIRE(sorted(found.late_rights) == sorted(pushed.late_rights));
  }
}

TEST_CASE("window joins find what a look at all pairs finds", "[joins][model]") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto slide = static_cast<std::int64_t>(1 + random.below(10));
    const auto size = slide * static_cast<std::int64_t>(1 + random.below(3));
    CAPTURE(size, slide);
    Found found;
    const auto last_end = [&](Timestamp time) {
      return at(time.time_since_epoch().count() / slide * slide + size);
    };
    const Pushed pushed = run(
        random,
        [&](testing::HarnessOptions options) {
          return test::keyed_harness(
              [&](const auto& lefts, const auto& rights) {
                return lefts.connect(rights)
                    .window(sliding(Ms{size}, Ms{slide}))
                    .join("join", test::pair_of);
              },
              options);
        },
        [&](Timestamp time, Timestamp passed) { return last_end(time) - Ms{1} <= passed; },
        [&](auto& op) {
          for (const std::string& pair : op.drain()) found.results.insert(pair);
          for (const auto& late : op.template side<std::variant<Left, Right>>("late")) {
            if (late.index() == 0)
              found.late_lefts.push_back(std::get<0>(late));
            else
              found.late_rights.push_back(std::get<1>(late));
          }
        });
    std::multiset<std::string> expected;
    const auto counts_in = [&](const auto& came, std::int64_t start) {
      return came.time >= at(start) && came.time < at(start + size) &&
             at(start + size) - Ms{1} > came.passed;
    };
    for (std::int64_t start = -3 * slide; start < kEnd; start += slide) {
      for (const auto& left : pushed.lefts) {
        for (const auto& right : pushed.rights) {
          if (left.record.key == right.record.key && counts_in(left, start) &&
              counts_in(right, start))
            expected.insert(test::pair_of(left.record, right.record));
        }
      }
    }
    REQUIRE(found.results == expected);
    REQUIRE(sorted(found.late_lefts) == sorted(pushed.late_lefts));
    REQUIRE(sorted(found.late_rights) == sorted(pushed.late_rights));
  }
}
