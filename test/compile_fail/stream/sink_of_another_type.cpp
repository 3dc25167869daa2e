// expect: 'Sink<Payment>'
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().sink("out", weir::console::print<std::string>());
}
