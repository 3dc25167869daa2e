// expect: window(...).evictor(e): count_windows(...) keep what they are to; use
#include "test/compile_fail/prelude.hpp"

void use() {
  payments_by_account().window(weir::count_windows(3)).evictor(weir::evictor::last(2)).count("n");
}
