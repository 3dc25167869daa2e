// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().async("ask", [](const Payment&, weir::Reply<Handle>) {});
}
