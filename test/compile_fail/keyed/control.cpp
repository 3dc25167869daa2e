#include "test/compile_fail/prelude.hpp"

/// Bears a name that a member of a stream might have, too.
void add(double& sum, const Payment& payment) {
  sum += payment.amount;
}

void use() {
  payments_by_account().reduce("sum", [](const Payment& a, const Payment& b) {
    return Payment{a.account, a.amount + b.amount};
  });
  payments_by_account().aggregate("sum", 0.0, add, [](const std::string& account, double sum) {
    return std::pair{account, sum};
  });
}
