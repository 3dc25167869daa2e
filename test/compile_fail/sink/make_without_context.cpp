// expect: make_sink(make): make must take (const weir::WriterContext&) and return a unique_ptr to
// expect: a Writer or TransactionalWriter
#include "test/compile_fail/prelude.hpp"

class Out final : public weir::Writer<Payment> {
public:
  void write(const Payment&) override {}
};

void misuse() {
  weir::make_sink([] { return std::make_unique<Out>(); });
}
