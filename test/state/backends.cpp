#include "test/state/backends.hpp"

#include <array>

namespace weir::test {

Backends::Backends()
    : memory_{state::make_rocksdb_memory(options(0, 1))},
      rocksdb_{options(1 << 20, 100), memory_, numbered()},
      tiny_{options(1, 1), memory_, numbered()},
      queue_{options(1 << 20, 0), memory_, numbered()} {}

detail::StateBackend* Backends::of(BackendKind kind) {
  switch (kind) {
    case BackendKind::heap: return heap();
    case BackendKind::rocksdb: return rocksdb();
    case BackendKind::tiny: return tiny();
    case BackendKind::queue: return queue();
  }
  return nullptr;
}

detail::StateBackend* Backends::draw(base::Random& random) {
  return of(std::array{BackendKind::heap, BackendKind::rocksdb, BackendKind::tiny,
                       BackendKind::queue}[random.below(4)]);
}

state::RocksDbOptions Backends::options(std::size_t row_cache, std::size_t timers_max) {
  return {.memory = 8 << 20, .row_cache = row_cache, .timers_max = timers_max, .in_memory = true};
}

state::RocksDbBackend::NewPath Backends::numbered() {
  return [this](std::string_view name) -> Result<std::string> {
    return "/" + std::string{name} + "-" + std::to_string(++opened_);
  };
}

}  // namespace weir::test
