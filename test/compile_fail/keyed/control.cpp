#include "test/compile_fail/prelude.hpp"

void use() {
  payments_by_account().reduce("sum", [](const Payment& a, const Payment& b) {
    return Payment{a.account, a.amount + b.amount};
  });
  payments_by_account().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](const std::string& account, double sum) {
        return std::pair{account, sum};
      });
}
