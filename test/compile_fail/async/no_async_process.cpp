// expect: async_process<P>: P must derive from weir::AsyncProcess
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().async_process<Alert>("ask", {});
}
