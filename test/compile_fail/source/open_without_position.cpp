// expect: make_source(list, open): open must take (const weir::Split&, std::optional<Position>)
// expect: and return a unique_ptr to a SplitReader
#include "test/compile_fail/prelude.hpp"

class Reader final : public weir::SplitReader<Payment, int> {
public:
  weir::Poll poll(weir::Emit<Payment>&) override { return weir::End{}; }
  int position() const override { return {}; }
};

void misuse() {
  weir::make_source([] { return std::vector<weir::Split>{}; },
                    [](const weir::Split&) { return std::make_unique<Reader>(); });
}
