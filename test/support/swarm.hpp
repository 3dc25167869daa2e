// Seeds for swarms: a few in every test run, many in `make swarm`, one to repeat a failure.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

namespace weir::test {

/// Calls `f` with seeds 1 to `few`. The environment says otherwise: WEIR_SEED=N takes just that
/// one, WEIR_SEEDS=FROM:TO a range.
inline void for_each_seed(std::uint64_t few, const std::function<void(std::uint64_t)>& f) {
  std::uint64_t from = 1;
  std::uint64_t to = few;
  if (const char* one = std::getenv("WEIR_SEED")) {
    from = to = std::stoull(one);
  } else if (const char* range = std::getenv("WEIR_SEEDS")) {
    const std::string text = range;
    from = std::stoull(text);
    to = std::stoull(text.substr(text.find(':') + 1));
  }
  for (std::uint64_t seed = from; seed <= to; ++seed) f(seed);
}

}  // namespace weir::test
