// expect: async_process<P>: P's input type is not this stream's record type
#include "test/compile_fail/prelude.hpp"

struct Ask final : weir::AsyncProcess<Alert, Alert> {
  void on_record(const Alert& alert, weir::Reply<Alert> reply) override { reply(alert); }
};

void misuse() {
  payments().async_process<Ask>("ask", {});
}
