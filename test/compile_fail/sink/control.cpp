#include "test/compile_fail/prelude.hpp"

class Out final : public weir::Writer<Payment> {
public:
  void write(const Payment&) override {}
};

class ExactOut final : public weir::TransactionalWriter<Payment, int> {
public:
  void write(const Payment&) override {}
  std::optional<int> prepare() override { return {}; }
  weir::Status commit(const int&) override { return {}; }
};

void use() {
  payments().sink(
      "plain", weir::make_sink([](const weir::WriterContext&) { return std::make_unique<Out>(); }));
  payments().sink("exact", weir::make_sink([](const weir::WriterContext&) {
                    return std::make_unique<ExactOut>();
                  }));
  payments().sink("rows", weir::files::rows<Payment>(
                              "out", [](const Payment& p, std::string& row) { row += p.account; }));
  payments().sink("csv", weir::files::csv<Payment>("out"));
}
