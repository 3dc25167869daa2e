// expect: window_all(...).process(name, f): f must take (const weir::Window&, const
#include "test/compile_fail/prelude.hpp"

void use() {
  all_windows().process("p", [](const std::string&, const weir::Window&,
                                const std::vector<Payment>&, weir::Emit<double>&) {});
}
