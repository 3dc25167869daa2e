// expect: window(...).trigger(g): these windows have a trigger already
#include "test/compile_fail/prelude.hpp"

void misuse() {
  windows().trigger(weir::trigger::count(3)).trigger(weir::trigger::at_end());
}
