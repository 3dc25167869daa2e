// expect: connect(...).process<P>(name, args...): P cannot be built from args
#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<std::string, Payment, Alert, Alert> {
public:
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  connected().process<Settle>("settle", 1.0);
}
