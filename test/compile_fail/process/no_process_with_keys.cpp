// expect: process<P>: P must derive from weir::KeyedProcess on a keyed stream
#include "test/compile_fail/prelude.hpp"

class Detector {};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
