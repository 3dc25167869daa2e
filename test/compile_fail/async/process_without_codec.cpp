// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

struct Ask final : weir::AsyncProcess<Payment, Handle> {
  void on_record(const Payment&, weir::Reply<Handle>) override {}
};

void misuse() {
  payments().async_process<Ask>("ask", {});
}
