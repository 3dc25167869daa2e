// expect: KeyedReader<K, Out>: K needs ==
#include "test/compile_fail/prelude.hpp"

#include <weir/savepoints.hpp>

class Reader final : public weir::savepoints::KeyedReader<Payment, double> {
public:
  void read(const Payment&, weir::Emit<double>&) override {}
};

void misuse() {
  Reader reader;
}
