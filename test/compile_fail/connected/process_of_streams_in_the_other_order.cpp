// expect: connect(...).process<P>: P's first and second type are not the record types of these
// expect: streams, in this order
#include "test/compile_fail/prelude.hpp"

class Gate final : public weir::CoProcess<Alert, Payment, Payment> {
public:
  void on_first(const Alert&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
  void on_second(const Payment&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
};

void misuse() {
  payments().connect(alerts()).process<Gate>("gate");
}
