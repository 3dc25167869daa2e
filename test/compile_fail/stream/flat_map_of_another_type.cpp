// expect: flat_map(name, f): f must take (const T&, weir::Emit<R>&), T being this stream's record
// expect: type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().flat_map("same", [](const std::string& s, weir::Emit<std::string>& out) { out(s); });
}
