// expect: window(...).co_group(name, f): f must take (const Key&, const weir::Window&, const
// expect: std::vector<First>&, const std::vector<Second>&, weir::Emit<R>&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  connected()
      .window(weir::tumbling(std::chrono::minutes{1}))
      .co_group("groups", [](const std::string&, const weir::Window&, const std::vector<Payment>&,
                             weir::Emit<int>&) {});
}
