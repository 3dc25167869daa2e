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
  windows().trigger(weir::trigger::count(3)).evictor(weir::evictor::last(2)).count("some");
  payments_by_account().window(weir::count_windows(3, 2)).count("threes");
  all_windows().reduce("largest", [](const Payment& a, const Payment&) { return a; });
  all_windows().aggregate(
      "sum", 0.0, [](double& sum, const Payment& p) { sum += p.amount; },
      [](double& sum, double later) { sum += later; },
      [](const weir::Window&, double sum) { return sum; });
  all_windows().process(
      "everything", [](const weir::Window&, const std::vector<Payment>&, weir::Emit<Alert>&) {});
}
