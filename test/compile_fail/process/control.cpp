#include "test/compile_fail/prelude.hpp"

class Detector final : public weir::KeyedProcess<std::string, Payment, Alert> {
public:
  void on_record(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
};

class Cleaner final : public weir::Process<Payment, Alert> {
public:
  void on_record(const Payment&, const weir::OperatorInfo&, weir::Emit<Alert>&) override {}
};

void use() {
  payments_by_account().process<Detector>("detect");
  payments().process<Cleaner>("clean");
  payments_by_account().process(
      "seen", weir::value_state<int>("count"),
      [](const Payment&, weir::ValueState<int>&, weir::Emit<Alert>& out) { out({}); });
}
