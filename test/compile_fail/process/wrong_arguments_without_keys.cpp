// expect: process<P>(name, args...): P cannot be built from args
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::Process<Payment, Alert> {
public:
  void on_record(const Payment&, const weir::OperatorInfo&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments().process<Detector>("detect", 42);
}
