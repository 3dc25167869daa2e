// expect: connect(...).process<P>: P must derive from weir::KeyedCoProcess on two keyed streams
#include "test/compile_fail/prelude.hpp"

class Gate final : public weir::CoProcess<Payment, Alert, Payment> {
public:
  void on_first(const Payment&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
  void on_second(const Alert&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
};

void misuse() {
  connected().process<Gate>("gate");
}
