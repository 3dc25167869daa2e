// expect: connect(...).process<P>: P does not override on_record and on_broadcast
#include "test/compile_fail/prelude.hpp"

class Watch : public weir::KeyedBroadcastProcess<std::string, Payment, Alert, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().connect(alerts().broadcast()).process<Watch>("watch");
}
