// expect: trigger::change(threshold, distance): distance must name its parameter types
#include "test/compile_fail/prelude.hpp"

void use() {
  weir::trigger::change(1, [](const auto& a, const auto& b) { return b.amount - a.amount; });
}
