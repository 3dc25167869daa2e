// expect: map(name, f): f must take (const T&), T being this stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().map("lengths", [](const std::string& name) { return name.size(); });
}
