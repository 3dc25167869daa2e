#include "test/compile_fail/prelude.hpp"

void proper_use() {
  windows().count("count");
  windows().reduce("sum", [](const Payment& a, const Payment&) { return a; });
  windows().aggregate(
      "total", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, double later) { sum += later; },
      [](const std::string&, const weir::Window&, double sum) { return sum; });
  windows().process("all", [](const std::string&, const weir::Window&, const std::vector<Payment>&,
                              weir::Emit<Alert>&) {});
}
