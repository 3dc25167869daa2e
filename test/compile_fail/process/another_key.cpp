// expect: process<P>: P's key type is not this stream's key type
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<int, Payment, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
