// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<std::string, Payment, Handle> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Handle>&) override {}
};

void misuse() {
  payments_by_account().process<Detector>("detect");
}
