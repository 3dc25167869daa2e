// expect: process<P>: P's input type is not this stream's record type
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<std::string, Alert, Alert> {
public:
  void on_record(const Alert&, Ctx&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
