// expect: connect(...).process<P>: P's key type is not the one of the keyed stream
#include "test/compile_fail/prelude.hpp"

class Watch final : public weir::KeyedBroadcastProcess<int, Payment, Alert, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_broadcast(const Alert&, BroadcastCtx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().connect(alerts().broadcast()).process<Watch>("watch");
}
