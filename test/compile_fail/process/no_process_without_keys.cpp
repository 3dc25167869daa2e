// expect: process<P>: P must derive from weir::Process
#include "test/compile_fail/prelude.hpp"

class Detector {};

void misuse() {
  payments().process<Detector>("detect");
}
