#include "test/compile_fail/prelude.hpp"

void use() {
  payments()
      .filter("large", [](const Payment& p) { return p.amount > 100; })
      .union_with(payments())
      .map("names", &Payment::account)
      .flat_map("letters",
                [](const std::string& s, weir::Emit<char>& out) {
                  for (char c : s) out(c);
                })
      .key_by(std::identity{})
      .count("counts")
      .sink("out", weir::console::print<std::pair<char, std::int64_t>>());
}
