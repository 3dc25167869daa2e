// expect: process<P>: P does not override on_record
#include "test/compile_fail/prelude.hpp"

class Detector : public weir::KeyedProcess<std::string, Payment, Alert> {};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
