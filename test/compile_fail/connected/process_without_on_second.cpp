// expect: connect(...).process<P>: P does not override on_first and on_second
#include "test/compile_fail/prelude.hpp"

class Settle : public weir::KeyedCoProcess<std::string, Payment, Alert, Alert> {
public:
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  connected().process<Settle>("settle");
}
