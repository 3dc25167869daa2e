// expect: csv: this type is no number, text, time, optional, pair, tuple or aggregate of such; map
// expect: it to one, or use weir::files::rows with a function of your own
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::files::csv<std::vector<int>>("out");
}
