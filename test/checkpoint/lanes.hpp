// Lanes: a job of four regions of two subtasks each, for tests of checkpoints without some regions.
#pragma once

#include "checkpoint/coordinator.hpp"

#include <chrono>
#include <set>
#include <vector>

namespace weir::test {

inline constexpr std::uint32_t kLanes = 4;

inline SubtaskId subtask(std::uint32_t vertex, std::uint32_t lane) {
  return {VertexId{vertex}, lane};
}

inline std::set<SubtaskId> lane(std::uint32_t i) {
  return {subtask(0, i), subtask(1, i)};
}

inline CheckpointOptions regional_options(bool is_regional = true) {
  return {.every = std::chrono::seconds{10},
          .timeout = std::chrono::seconds{60},
          .tolerable_failures = 1000,
          .regional = {.enabled = is_regional, .max_failure_ratio = 0.5}};
}

inline checkpoint::SubtaskSets regions() {
  checkpoint::SubtaskSets regions;
  for (std::uint32_t i = 0; i < kLanes; ++i) regions.push_back(lane(i));
  return regions;
}

inline std::vector<checkpoint::Speaker> participants() {
  std::vector<checkpoint::Speaker> all;
  for (std::uint32_t i = 0; i < kLanes; ++i) {
    for (const SubtaskId id : lane(i)) all.push_back({id, AttemptId{1}});
  }
  return all;
}

}  // namespace weir::test
