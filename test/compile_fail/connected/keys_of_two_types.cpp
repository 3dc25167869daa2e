// expect: connect(other): the keys of both streams must be of one type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().connect(alerts().key_by([](const Alert&) { return 1; }));
}
