// expect: async_process<P>: P does not override on_record
#include "test/compile_fail/prelude.hpp"

struct Ask : weir::AsyncProcess<Payment, Alert> {};

void misuse() {
  payments().async_process<Ask>("ask", {});
}
