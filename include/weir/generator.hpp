// Generator: a source of numbers, as fast as possible or at a rate.
#pragma once

#include <weir/source.hpp>

#include <cstdint>

namespace weir::generator {

/// How fast records are made.
struct Options {
  /// Records a second over all subtasks; 0: as fast as possible.
  double rate = 0;
};

/// Emits `first`, `first + 1`, ... `last - 1`, each once, divided into one range per subtask.
Source<std::int64_t> sequence(std::int64_t first, std::int64_t last, Options options = {});

}  // namespace weir::generator
