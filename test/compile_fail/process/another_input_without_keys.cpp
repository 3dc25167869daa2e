// expect: process<P>: P's input type is not this stream's record type
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::Process<Alert, Alert> {
public:
  void on_record(const Alert&, const weir::OperatorInfo&, weir::Emit<Alert>&) override {}
};

void misuse() {
  payments().process<Detector>("detect");
}
