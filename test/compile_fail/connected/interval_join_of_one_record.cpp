// expect: interval_join(name, interval, f): f must take (const First&, const Second&) and return
// expect: a record, or (const First&, const Second&, weir::Emit<R>&)
#include "test/compile_fail/prelude.hpp"

void misuse() {
  connected().interval_join("near", weir::between(std::chrono::seconds{0}, std::chrono::seconds{1}),
                            [](const Payment& payment) { return payment; });
}
