// expect: flat_map(name, f): f must name its parameter types and end with weir::Emit<R>&, R having
// expect: a weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().flat_map("same", [](const auto& p, auto& out) { out(p); });
}
