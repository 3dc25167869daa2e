// expect: connect(...).window(windows): windows of two streams must be tumbling(...), sliding(...)
// expect: or session(...)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  connected().window(weir::global());
}
