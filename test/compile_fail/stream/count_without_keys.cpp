// expect: no member named 'count'
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().count("counts");
}
