// expect: window(...).co_group(name, f): f must name its parameter types and end with
// expect: weir::Emit<R>&, R having a weir::Codec
#include "test/compile_fail/prelude.hpp"

void misuse() {
  connected()
      .window(weir::tumbling(std::chrono::minutes{1}))
      .co_group("groups", [](const std::string&, const weir::Window&, const std::vector<Payment>&,
                             const std::vector<Alert>&) { return 1; });
}
