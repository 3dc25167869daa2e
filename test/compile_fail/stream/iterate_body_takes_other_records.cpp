// expect: iterate(name, body): body must take a Stream of this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().iterate("again", [](const weir::Stream<int>& numbers) { return numbers; });
}
