#include "test/compile_fail/prelude.hpp"

class Reader final : public weir::SplitReader<Payment, int> {
public:
  weir::Poll poll(weir::Emit<Payment>&) override { return weir::End{}; }
  int position() const override { return {}; }
};

void use() {
  weir::Job job{"job"};
  job.source("plain", weir::make_source([] { return std::vector<weir::Split>{}; },
                                        [](const weir::Split&, std::optional<int>) {
                                          return std::make_unique<Reader>();
                                        }));
  job.source("with results",
             weir::make_source(
                 [](const weir::SourceContext&) -> weir::Result<std::vector<weir::Split>> {
                   return std::vector<weir::Split>{};
                 },
                 [](const weir::Split&, const std::optional<int>&,
                    const weir::SourceContext&) -> weir::Result<std::unique_ptr<Reader>> {
                   return std::make_unique<Reader>();
                 }));
}
