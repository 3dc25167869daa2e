// expect: async_process<P>(name, options, args...): P cannot be built from args
#include "test/compile_fail/prelude.hpp"

struct Ask final : weir::AsyncProcess<Payment, Alert> {
  explicit Ask(int) {}
  void on_record(const Payment& payment, weir::Reply<Alert> reply) override {
    reply({payment.account});
  }
};

void misuse() {
  payments().async_process<Ask>("ask", {}, std::string{"seven"});
}
