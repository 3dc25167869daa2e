// expect: ReadOnlyBroadcastState is changed in on_broadcast alone, by ctx.edit(state).put(key,
// expect: value): else it would not be the same at all subtasks
#include "test/compile_fail/prelude.hpp"

class Watch final : public weir::KeyedBroadcastProcess<std::string, Payment, Alert, Payment> {
public:
  void on_record(const Payment& payment, Ctx&, weir::Emit<Payment>&) override {
    alerts_.put(payment.account, 1);
  }
  void on_broadcast(const Alert&, BroadcastCtx&, weir::Emit<Payment>&) override {}

private:
  weir::ReadOnlyBroadcastState<std::string, int> alerts_{*this, "alerts"};
};
