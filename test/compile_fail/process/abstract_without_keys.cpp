// expect: process<P>: P does not override on_record
#include "test/compile_fail/prelude.hpp"

class Detector : public weir::Process<Payment, Alert> {};

void misuse() {
  payments().process<Detector>("detect");
}
