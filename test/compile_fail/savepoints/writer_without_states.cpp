// expect: keyed<K>(name, states...): name at least one state
#include "test/compile_fail/prelude.hpp"

#include <weir/savepoints.hpp>

void misuse() {
  auto writer = weir::SavepointWriter::create("/backup/first");
  writer->keyed<std::string>("detector");
}
