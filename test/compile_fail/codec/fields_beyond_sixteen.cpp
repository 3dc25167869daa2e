// expect: an aggregate needs 1 to 16 fields
#include "test/compile_fail/prelude.hpp"

void misuse() {
  Seventeen wide{};
  weir::detail::with_fields(wide, [](auto&...) {});
}
