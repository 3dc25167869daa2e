// expect: process<P>(name, args...): P cannot be built from args
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<std::string, Payment, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().process<Detector>("detect", 42);
}
