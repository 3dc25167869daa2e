// expect: process<P>: P must derive from weir::KeyedProcess on a keyed stream
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::Process<Payment, Alert> {
public:
  void on_record(const Payment&, const weir::OperatorInfo&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
