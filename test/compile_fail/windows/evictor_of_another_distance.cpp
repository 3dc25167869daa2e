// expect: window(...).evictor(e): e must be copyable and have evict(std::vector<weir::Stamped<T>>&,
// expect: const weir::Window&) const, T being the stream's record type
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().evictor(weir::evictor::near(3, [](const Alert&, const Alert&) { return 1.0; }));
}
