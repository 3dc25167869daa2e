// expect: async(name, f): f must name its parameter types and end with weir::Reply<R>, R having a
// expect: weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().async("ask", [](const auto& p, auto reply) { reply(p); });
}
