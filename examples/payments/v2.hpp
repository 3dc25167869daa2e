// Version 2: also the largest payment of each account, as far as it has seen them.
#pragma once

#include <algorithm>

#include "payment.hpp"

namespace payments::v2 {

struct Ledger {
  std::int64_t payments = 0;
  std::int64_t cents = 0;
  std::int64_t largest = 0;  // new; begins with 0 in ledgers of version 1
};

struct Line {
  std::string account;
  std::int64_t payments;
  std::int64_t cents;
  std::int64_t largest;
};

class Book final : public weir::KeyedProcess<std::string, Payment, Line> {
public:
  void on_record(const Payment& payment, Ctx& ctx, weir::Emit<Line>& out) override {
    Ledger ledger = ledger_.value_or({});
    ++ledger.payments;
    ledger.cents += payment.cents;
    ledger.largest = std::max(ledger.largest, payment.cents);
    ledger_.set(ledger);
    out({ctx.key(), ledger.payments, ledger.cents, ledger.largest});
  }

private:
  weir::ValueState<Ledger> ledger_{*this, "ledger"};
};

}  // namespace payments::v2
