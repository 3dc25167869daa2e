// expect: connect(other): this stream has no keys, so the other must be a stream without keys;
// expect: or put key_by(...) on this one
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().connect(3);
}
