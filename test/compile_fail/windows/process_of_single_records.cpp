// expect: window(...).process(name, f): f must take (const Key&, const weir::Window&, const
// expect: std::vector<T>&, weir::Emit<R>&), T being the stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().process(
      "all", [](const std::string&, const weir::Window&, const Payment&, weir::Emit<Alert>&) {});
}
