// expect: window(...).trigger(g): sessions merge, so g must have merge(State&, const
// expect: State&) const
#include "test/compile_fail/prelude.hpp"

void use() {
  payments_by_account()
      .window(weir::session(std::chrono::minutes{1}))
      .trigger(weir::trigger::change(
          1, [](const Payment& a, const Payment& b) { return b.amount - a.amount; }))
      .count("n");
}
