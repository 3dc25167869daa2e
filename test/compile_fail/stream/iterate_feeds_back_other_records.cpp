// expect: iterate(name, body): body must return a weir::Round{again, out}, or only
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().iterate("again", [](const weir::Stream<Payment>& in) {
    const auto names = in.map("names", &Payment::account);
    return weir::Round<std::string, Payment>{.again = names, .out = in};
  });
}
