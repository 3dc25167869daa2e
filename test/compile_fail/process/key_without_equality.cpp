// expect: KeyedProcess<K, In, Out>: K needs ==
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<Payment, Payment, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};
