// What a job shows of the counters of its subtasks.
#include "runtime/job/job_counters.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::runtime;

namespace {

constexpr SubtaskId kSource{VertexId{0}, 0};
constexpr SubtaskId kSink{VertexId{1}, 0};
constexpr AttemptId kFirst{1};
constexpr AttemptId kSecond{2};

JobView view_of(const JobCounters& counters) {
  JobView view;
  counters.show_in(view);
  return view;
}

JobCounters one_execution() {
  JobCounters counters;
  counters.on_execution(kFirst);
  counters.on_counters({kSource, kFirst}, {.records_in = 10, .records_out = 10}, true);
  counters.on_counters({kSink, kFirst},
                       {.records_in = 9, .records_written = 8, .transactions_lost = 2}, false);
  return counters;
}

}  // namespace

TEST_CASE("a job has read what its sources have, and written what its sinks have", "[counters]") {
  JobCounters counters = one_execution();
  counters.on_counters({{VertexId{0}, 1}, kFirst}, {.records_in = 5}, true);
  const JobView view = view_of(counters);
  CHECK(view.records_in == 15);
  CHECK(view.records_out == 8);
  CHECK(view.transactions_lost == 2);
  CHECK(view.records_in_before == 0);
  CHECK(view.transactions_lost_before == 0);
}

TEST_CASE("the next execution counts anew, and hears nothing of the one before", "[counters]") {
  JobCounters counters = one_execution();
  counters.on_execution(kSecond);
  counters.on_counters({kSource, kFirst}, {.records_in = 100, .transactions_lost = 100}, true);
  counters.on_counters({kSink, kSecond}, {.records_written = 1}, false);
  const JobView view = view_of(counters);
  CHECK(view.records_in == 0);
  CHECK(view.records_out == 1);
  CHECK(view.transactions_lost == 0);
  CHECK(view.records_in_before == 10);
  CHECK(view.transactions_lost_before == 2);
}

TEST_CASE("a subtask that restarts alone counts anew once it has spoken", "[counters]") {
  JobCounters counters = one_execution();
  counters.on_counters({kSource, kFirst}, {.records_in = 12},
                       true);  // dead, but nobody follows yet
  CHECK(view_of(counters).records_in == 12);
  counters.on_counters({kSource, kSecond}, {.records_in = 3}, true);
  counters.on_counters({kSource, kFirst}, {.records_in = 13}, true);
  counters.on_counters({kSink, kSecond}, {.records_written = 4, .transactions_lost = 1}, false);
  const JobView view = view_of(counters);
  CHECK(view.records_in == 3);
  CHECK(view.records_in_before == 12);
  CHECK(view.records_out == 4);
  CHECK(view.transactions_lost == 1);
  CHECK(view.transactions_lost_before == 2);
}
