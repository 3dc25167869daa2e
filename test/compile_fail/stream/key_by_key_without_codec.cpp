// expect: key_by(f): f must take (const T&), T being this stream's record type, and return a key
// expect: with == and a weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().key_by([](const Payment& p) { return p.account.c_str(); });
}
