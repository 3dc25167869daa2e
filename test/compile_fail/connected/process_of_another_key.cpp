// expect: connect(...).process<P>: P's key type is not the one of these streams
#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<int, Payment, Alert, Alert> {
public:
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  connected().process<Settle>("settle");
}
