// expect: connect(...).process<P>: P must derive from weir::KeyedBroadcastProcess on a keyed
// expect: stream and one that is broadcast
#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<std::string, Payment, Alert, Alert> {
public:
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().connect(alerts().broadcast()).process<Settle>("settle");
}
