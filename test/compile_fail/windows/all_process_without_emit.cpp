// expect: window_all(...).process(name, f): f must name its parameter types and end
#include "test/compile_fail/prelude.hpp"

void use() {
  all_windows().process("p", [](const weir::Window&, const std::vector<Payment>&) {});
}
