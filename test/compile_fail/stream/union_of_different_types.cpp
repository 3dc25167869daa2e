// expect: union_with(streams...): all must be streams of this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().union_with(payments().map("names", &Payment::account));
}
