// expect: window(...).evictor(e): e must be copyable and have evict(
#include "test/compile_fail/prelude.hpp"

void use() {
  windows().evictor(Alert{}).count("n");
}
