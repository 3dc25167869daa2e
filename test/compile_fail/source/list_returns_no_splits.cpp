// expect: make_source(list, open): list must take () or (const weir::SourceContext&) and return
// expect: std::vector<weir::Split> or a weir::Result of it
#include "test/compile_fail/prelude.hpp"

class Reader final : public weir::SplitReader<Payment, int> {
public:
  weir::Poll poll(weir::Emit<Payment>&) override { return weir::End{}; }
  int position() const override { return {}; }
};

void misuse() {
  weir::make_source(
      [] { return std::vector<std::string>{"split"}; },
      [](const weir::Split&, std::optional<int>) { return std::make_unique<Reader>(); });
}
