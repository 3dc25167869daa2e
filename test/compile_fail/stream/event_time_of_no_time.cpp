// expect: event_time(time_of, watermarks): time_of must take (const T&), T being this stream's
// expect: record type, and return a weir::Timestamp or another time point of
// expect: std::chrono::system_clock
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().event_time(&Payment::amount, weir::monotonic());
}
