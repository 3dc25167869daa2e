// SimTrace: what happened in a simulated run, as a number, and in words if asked for.
#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace weir::simulation {

/// Equal runs have equal hashes; each step counts.
class SimTrace {
public:
  explicit SimTrace(bool keeps_lines) : keeps_lines_{keeps_lines} {}

  void note(std::initializer_list<std::uint64_t> facts) {
    for (const std::uint64_t fact : facts) hash_ = base::Random{hash_ ^ fact}.next();
    ++steps_;
  }

  bool keeps_lines() const { return keeps_lines_; }
  void add_line(std::string line) { lines_.push_back(std::move(line)); }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t steps() const { return steps_; }
  const std::vector<std::string>& lines() const { return lines_; }

private:
  bool keeps_lines_;
  std::uint64_t hash_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace weir::simulation
