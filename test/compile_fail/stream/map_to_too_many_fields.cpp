// expect: map(name, f): the result of f has no weir::Codec; make it an aggregate of at most 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().map("wide", [](const Payment&) { return Seventeen{}; });
}
