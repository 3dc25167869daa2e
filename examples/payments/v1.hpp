// Version 1: what each account has paid so far. Writes a line for every payment: which one of its
// account it is, and the sum of all up to it.
#pragma once

#include "payment.hpp"

namespace payments::v1 {

struct Ledger {
  std::int64_t payments = 0;
  std::int64_t cents = 0;
};

struct Line {
  std::string account;
  std::int64_t payments;
  std::int64_t cents;
};

class Book final : public weir::KeyedProcess<std::string, Payment, Line> {
public:
  void on_record(const Payment& payment, Ctx& ctx, weir::Emit<Line>& out) override {
    Ledger ledger = ledger_.value_or({});
    ++ledger.payments;
    ledger.cents += payment.cents;
    ledger_.set(ledger);
    out({ctx.key(), ledger.payments, ledger.cents});
  }

private:
  weir::ValueState<Ledger> ledger_{*this, "ledger"};
};

}  // namespace payments::v1
