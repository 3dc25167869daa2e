// expect: filter(name, f): f must take (const T&) and return bool, T being this stream's record
// expect: type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments()
      .filter("named", [](const Payment& p) { return p.account; })
      .key_by(&Payment::account)
      .count("counts")
      .sink("out", weir::console::print<std::pair<std::string, std::int64_t>>());
}
