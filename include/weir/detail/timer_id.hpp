// TimerId: a timer of a key as bytes that compare in the order in which timers fire, and the keys
// under which a StateStore has it.
//
//   id      time, key group, encoded key       the order in which the timers of a subtask fire
//   index   key group, time, encoded key       the same order inside of a key group
//   row     key group, encoded key, time       an entry of the map that snapshots are made of
//
// In ids and in the index time is big endian with its sign flipped, so that bytes are in the order
// of times; in rows it is encoded like any timestamp. On disk: do not change.
#pragma once

#include <weir/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::detail {

/// See the file comment. Timers of one time are in the order of their key groups and encoded keys.
class TimerId {
public:
  TimerId(Timestamp time, std::uint32_t group, std::string_view key);
  /// From a key of the index, which is long enough.
  static TimerId of_index(std::string_view index);
  /// From a key of a row; throws StoreError if it is too short for one.
  static TimerId of_row(std::string_view row);
  /// Not after any timer of the group.
  static TimerId least(std::uint32_t group) { return {Timestamp::min(), group, {}}; }

  Timestamp time() const;
  std::uint32_t group() const;
  std::string_view key() const;
  std::string index() const;
  std::string row() const;

  friend auto operator<=>(const TimerId&, const TimerId&) = default;

private:
  explicit TimerId(std::string bytes) : bytes_{std::move(bytes)} {}
  std::string_view time_bytes() const;
  std::string_view group_bytes() const;

  std::string bytes_;
};

}  // namespace weir::detail
