// expect: no matching function for call to 'schema
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::schema<Handle>();
}
