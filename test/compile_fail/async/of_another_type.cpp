// expect: async(name, f): f must take (const T&, weir::Reply<R>), T being this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().async("ask", [](const Alert&, weir::Reply<Alert> reply) { reply.fail("no"); });
}
