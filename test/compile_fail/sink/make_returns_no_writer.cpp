// expect: make_sink(make): make must take (const weir::WriterContext&) and return a unique_ptr to
// expect: a Writer or TransactionalWriter
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::make_sink([](const weir::WriterContext&) { return std::make_unique<Payment>(); });
}
