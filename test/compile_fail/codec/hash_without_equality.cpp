// expect: no matching function for call to 'hash_of
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::hash_of(Payment{});
}
