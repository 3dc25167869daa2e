// What a subtask says of its time.
#include "runtime/task/activity.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using Between = Activity::Between;

TEST_CASE("turns are busy, and the time between them is what the last one said", "[activity]") {
  Activity activity;
  activity.begin(100ms);
  activity.end(130ms, Between::back_pressured);
  activity.begin(200ms);
  activity.end(210ms, Between::busy);
  activity.begin(215ms);
  activity.end(216ms, Between::idle);
  const TimeSpent spent = activity.spent(300ms);
  CHECK(spent.busy == 46ms);  // three turns, and 5 ms without a thread
  CHECK(spent.back_pressured == 70ms);
  CHECK(spent.idle == 184ms);  // before the first turn, and since the last
  CHECK(spent.longest_turn == 30ms);
  CHECK(spent.total() == 300ms);
}

TEST_CASE("what is longer ago than two windows does not count", "[activity]") {
  Activity activity;
  activity.begin(1s);
  activity.end(1900ms, Between::idle);  // of the first window
  activity.begin(2s);                   // the second begins
  activity.end(2001ms, Between::idle);
  CHECK(activity.spent(2001ms).longest_turn == 900ms);
  activity.begin(3s);
  activity.end(3001ms, Between::idle);
  CHECK(activity.spent(3001ms).longest_turn == 1ms);
  CHECK(activity.spent(3001ms).busy == 2ms);
}

TEST_CASE("a long wait does not hide what came later", "[activity]") {
  Activity activity;
  activity.begin(1s);
  activity.end(1s, Between::back_pressured);
  CHECK(activity.spent(2h).back_pressured == 1s);
  activity.begin(2h);
  activity.end(2h + 1s, Between::idle);
  CHECK(activity.spent(2h + 1s).busy == 1s);
  CHECK(activity.spent(2h + 1s).back_pressured == 1s);
}
