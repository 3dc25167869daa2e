// expect: window(...).process(name, f): f must name its parameter types and end with
// expect: weir::Emit<R>&, R having a weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().process("all",
                    [](const std::string&, const weir::Window&, const std::vector<Payment>&) {});
}
