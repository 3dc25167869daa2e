// expect: event_time(time_of, watermarks): the generator must be copyable and have on_record(const
// expect: T&, weir::Timestamp), T being this stream's record type, and watermark() const, which
// expect: returns a weir::Timestamp
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().event_time([](const Payment&) { return weir::Timestamp{}; }, weir::watermarks(5));
}
