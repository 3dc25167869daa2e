// How the barriers of random plans behave, and what their checkpoints hold of channels.
#pragma once

#include "base/random.hpp"
#include "checkpoint/savepoints/rows.hpp"

#include <weir/env.hpp>
#include <weir/options.hpp>
#include <weir/time.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::test {

/// How barriers behave.
struct Mode {
  bool unaligned = true;
  Duration timeout{};
  bool debloats = false;
};

inline Mode draw_mode(base::Random& random) {
  const bool debloats = random.chance(0.4);
  switch (random.below(5)) {
    case 0: return {false, {}, debloats};
    case 1: return {true, std::chrono::milliseconds{1}, debloats};
    case 2: return {true, std::chrono::milliseconds{5}, debloats};
    case 3: return {true, std::chrono::microseconds{100}, debloats};
    default: return {true, {}, debloats};
  }
}

/// Few batches wait in channels; or more, and fewer of them while a receiver is slow.
inline NetworkOptions channels_of(bool debloats) {
  if (!debloats) return {.batches_per_channel = 2};
  return {.debloat = {.enabled = true,
                      .target = std::chrono::microseconds{500},
                      .period = std::chrono::microseconds{100},
                      .samples = 4}};
}

/// Bytes of records that barriers overtook, or that went round, in the newest checkpoint of
/// `directory` that is complete.
inline std::uint64_t overtaken_bytes(Env& disk, const std::string& directory) {
  std::uint64_t newest = 0;
  std::uint64_t total = 0;
  const auto names = disk.list(directory);
  if (!names.ok()) return 0;
  for (const DirectoryEntry& entry : *names) {
    const auto opened = savepoints::open_savepoint(disk, directory + "/" + entry.name);
    if (!opened.ok() || opened->metadata.id.value() < newest) continue;
    newest = opened->metadata.id.value();
    total = 0;
    for (const auto& part : opened->metadata.parts) total += part.state.overtaken_bytes();
  }
  return total;
}

}  // namespace weir::test
