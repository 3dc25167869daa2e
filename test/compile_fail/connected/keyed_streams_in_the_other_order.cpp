// expect: connect(...).process<P>: P's first and second type are not the record types of these
// expect: keyed streams, in this order
#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<std::string, Alert, Payment, Alert> {
public:
  void on_first(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  connected().process<Settle>("settle");
}
