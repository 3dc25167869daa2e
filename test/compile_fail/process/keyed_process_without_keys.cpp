// expect: process<P>: P is a KeyedProcess, but this stream has no keys; put key_by(...) before it
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<std::string, Payment, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments().process<Detector>("detect");
}
