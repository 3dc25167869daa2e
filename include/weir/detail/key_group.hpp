// Key groups: the unit in which keyed state is moved between subtasks. On disk: do not change.
#pragma once

#include <cstdint>

namespace weir::detail {

/// The most that there can be: the largest maximum parallelism.
inline constexpr std::uint32_t kMostKeyGroups = 32768;

/// Where a key's hash falls: its key group and its position inside the group, both from the upper
/// half of the hash, so that ordering rows by position orders them by key group.
struct KeyPosition {
  std::uint32_t group;     // 0 to max_parallelism - 1
  std::uint32_t fraction;  // position inside the group, scaled to the full range of 32 bits
};

constexpr KeyPosition key_position(std::uint64_t hash, std::uint32_t max_parallelism) noexcept {
  const std::uint64_t scaled = (hash >> 32) * max_parallelism;
  return {static_cast<std::uint32_t>(scaled >> 32), static_cast<std::uint32_t>(scaled)};
}

/// Returns the subtask that owns a key group (Flink: floor(group * parallelism / max)).
constexpr std::uint32_t subtask_of_group(std::uint32_t group, std::uint32_t parallelism,
                                         std::uint32_t max_parallelism) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{group} * parallelism / max_parallelism);
}

/// A half-open range of key groups.
struct KeyGroupRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  constexpr bool contains(std::uint32_t group) const noexcept {
    return begin <= group && group < end;
  }
  constexpr std::uint32_t size() const noexcept { return end - begin; }
  friend constexpr bool operator==(KeyGroupRange, KeyGroupRange) = default;
};

/// Returns the key groups of one subtask: [ceil(i * max / p), ceil((i + 1) * max / p)).
constexpr KeyGroupRange range_of_subtask(std::uint32_t index, std::uint32_t parallelism,
                                         std::uint32_t max_parallelism) noexcept {
  const auto border = [&](std::uint64_t i) {
    return static_cast<std::uint32_t>((i * max_parallelism + parallelism - 1) / parallelism);
  };
  return {border(index), border(std::uint64_t{index} + 1)};
}

}  // namespace weir::detail
