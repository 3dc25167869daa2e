// expect: connect(...).process<P>: P's input and broadcast type are not the record types of
// expect: these streams, in this order
#include "test/compile_fail/prelude.hpp"

class Watch final : public weir::KeyedBroadcastProcess<std::string, Payment, int, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_broadcast(const int&, BroadcastCtx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().connect(alerts().broadcast()).process<Watch>("watch");
}
