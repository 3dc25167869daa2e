#include "test/compile_fail/prelude.hpp"

/// Finds the alert of a payment.
class Lookup final : public weir::AsyncProcess<Payment, Alert> {
public:
  explicit Lookup(int) {}
  void on_record(const Payment& payment, weir::Reply<Alert> reply) override {
    reply({payment.account});
  }
};

void use() {
  payments()
      .async("ask", [](const Payment& p, weir::Reply<Alert> reply) { reply({p.account}); })
      .map("accounts", &Alert::account);
  payments().async("ask again",
                   [](const Payment&, const weir::Reply<Alert>& reply) { reply.fail("no"); },
                   {.order = weir::AsyncOrder::unordered, .retry = {.attempts = 2}});
  payments().async_process<Lookup>("look up", {}, 7);
}
