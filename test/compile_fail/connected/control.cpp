#include "test/compile_fail/prelude.hpp"

class Settle final : public weir::KeyedCoProcess<std::string, Payment, Alert, Alert> {
public:
  explicit Settle(double limit) : limit_{limit} {}
  void on_first(const Payment&, Ctx&, weir::Emit<Alert>&) override {}
  void on_second(const Alert& alert, Ctx&, weir::Emit<Alert>& out) override { out(alert); }

private:
  double limit_;
};

class Watch final : public weir::KeyedBroadcastProcess<std::string, Payment, Alert, Payment> {
public:
  void on_record(const Payment& payment, Ctx&, weir::Emit<Payment>& out) override { out(payment); }
  void on_broadcast(const Alert& alert, BroadcastCtx& ctx, weir::Emit<Payment>&) override {
    ctx.edit(alerts_).put(alert.account, 1);
  }

private:
  weir::ReadOnlyBroadcastState<std::string, int> alerts_{*this, "alerts"};
};

class Gate final : public weir::CoProcess<Payment, Alert, Payment> {
public:
  void on_first(const Payment&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
  void on_second(const Alert&, const weir::OperatorInfo&, weir::Emit<Payment>&) override {}
};

void use() {
  connected().process<Settle>("settle", 1.0);
  payments_by_account().connect(alerts().broadcast()).process<Watch>("watch");
  payments().connect(alerts()).process<Gate>("gate");
  payments().connect(alerts().broadcast().rebalance());
  connected().interval_join("near", weir::between(std::chrono::seconds{0}, std::chrono::seconds{1}),
                            [](const Payment& payment, const Alert&) { return payment; });
  const auto both = connected().window(weir::tumbling(std::chrono::minutes{1}));
  both.join("pairs", [](const auto& payment, const auto&) { return payment; });
  both.join("pairs", [](const Payment& payment, const Alert&, weir::Emit<double>& out) {
    out(payment.amount);
  });
  both.co_group("groups", [](const std::string&, const weir::Window&,
                             const std::vector<Payment>& payments, const std::vector<Alert>&,
                             weir::Emit<int>& out) { out(static_cast<int>(payments.size())); });
}
