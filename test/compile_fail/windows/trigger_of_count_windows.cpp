// expect: window(...).trigger(g): count_windows(...) have triggers of their own; use
// expect: window(weir::global())
#include "test/compile_fail/prelude.hpp"

void use() {
  payments_by_account().window(weir::count_windows(3)).trigger(weir::trigger::at_end()).count("n");
}
