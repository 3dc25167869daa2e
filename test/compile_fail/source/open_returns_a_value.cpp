// expect: make_source(list, open): open must take (const weir::Split&, std::optional<Position>)
// expect: and return a unique_ptr to a SplitReader
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::make_source([] { return std::vector<weir::Split>{}; },
                    [](const weir::Split&, std::optional<int>) { return Payment{}; });
}
