// expect: window(...).join(name, f): f must take (const First&, const Second&) and return a
// expect: record, or (const First&, const Second&, weir::Emit<R>&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  connected()
      .window(weir::tumbling(std::chrono::minutes{1}))
      .join("pairs", [](const Payment&, const Alert&) { return Handle{}; });
}
