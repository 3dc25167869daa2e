// expect: connect(...).process<P>: P must derive from weir::CoProcess on streams without keys
#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<std::string, Payment, Alert, Alert> {
public:
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments().connect(alerts()).process<Settle>("settle");
}
