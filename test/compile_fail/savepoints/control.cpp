#include "test/compile_fail/prelude.hpp"

#include <weir/savepoints.hpp>

class Reader final : public weir::savepoints::KeyedReader<std::string, double> {
public:
  void read(const std::string&, weir::Emit<double>& out) override { out(last_.value_or(0)); }

private:
  weir::ValueState<double> last_{*this, "last"};
};

void use() {
  Reader reader;
  auto writer = weir::SavepointWriter::create("/backup/first");
  writer->keyed<std::string>("detector", weir::value_state<double>("last"));
}
