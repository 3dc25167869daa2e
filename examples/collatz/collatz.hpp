// The Collatz job, apart from its main so that tests can build it as well.
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace collatz {

/// A number on its way to 1.
struct Walk {
  std::int64_t start = 0;
  std::int64_t at = 0;
  std::int64_t steps = 0;
};

/// Halves what is even, and triples all else and adds 1. Throws std::overflow_error if the result
/// has no room.
inline Walk step(Walk walk) {
  constexpr std::int64_t kMost = (INT64_MAX - 1) / 3;
  if (walk.at % 2 != 0 && walk.at > kMost)
    throw std::overflow_error{"the walk from " + std::to_string(walk.start) +
                              " leaves 64 bits at " + std::to_string(walk.at)};
  walk.at = walk.at % 2 == 0 ? walk.at / 2 : 3 * walk.at + 1;
  ++walk.steps;
  return walk;
}

/// How many steps each number takes to 1, as (number, steps).
inline weir::Stream<std::pair<std::int64_t, std::int64_t>> steps_of(
    const weir::Stream<std::int64_t>& numbers) {
  return numbers.map("begin",
                     [](std::int64_t n) {
                       return Walk{n, n, 0};
                     })
      .iterate("walks",
               [](const weir::Stream<Walk>& walks) {
                 const auto next = walks.map(
                     "steps", [](const Walk& walk) { return walk.at == 1 ? walk : step(walk); });
                 return weir::Round<Walk, Walk>{
                     .again = next.filter("far", [](const Walk& walk) { return walk.at != 1; }),
                     .out = next.filter("home", [](const Walk& walk) { return walk.at == 1; })};
               })
      .map("results", [](const Walk& walk) {
        return std::pair{walk.start, walk.steps};
      });
}

/// Writes "number,steps" for each number from 1 to `last` to files in `output`.
inline weir::Job job(std::int64_t last, const std::string& output) {
  weir::Job job{"collatz"};
  steps_of(job.source("numbers", weir::generator::sequence(1, last + 1)))
      .sink("out", weir::files::csv<std::pair<std::int64_t, std::int64_t>>(output));
  return job;
}

}  // namespace collatz
