#include "test/state/backends.hpp"

namespace weir::test {

Backends::Backends()
    : memory_{state::make_rocksdb_memory(options(0))},
      rocksdb_{options(1 << 20), memory_, numbered()},
      tiny_{options(1), memory_, numbered()} {}

detail::StateBackend* Backends::draw(base::Random& random) {
  switch (random.below(3)) {
    case 0: return heap();
    case 1: return rocksdb();
    default: return tiny();
  }
}

state::RocksDbOptions Backends::options(std::size_t row_cache) {
  return {.memory = 8 << 20, .row_cache = row_cache, .in_memory = true};
}

state::RocksDbBackend::NewPath Backends::numbered() {
  return [this](std::string_view name) -> Result<std::string> {
    return "/" + std::string{name} + "-" + std::to_string(++opened_);
  };
}

}  // namespace weir::test
