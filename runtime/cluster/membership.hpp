// What the members of a cluster know about each other. Plain values.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::runtime {

/// How a worker introduces itself.
struct WorkerInfo {
  std::string name = {};  // unique in the cluster
  std::string host = {};  // where other workers reach it
  std::uint16_t port = 0;
  int slots = 0;               // at least 1
  std::uint32_t protocol = 0;  // version of the messages that it understands
  std::string build = {};      // of which program it is, for people

  friend bool operator==(const WorkerInfo&, const WorkerInfo&) = default;
};

/// "w1 (10.0.0.5:6123)"
std::string describe(const WorkerInfo& worker);

enum class WorkerState : std::uint8_t {
  joining,   ///< not connected to every ready worker: takes no subtasks
  ready,     ///< connected to every other ready worker
  draining,  ///< keeps the subtasks that it has, takes no new ones
  gone,      ///< no member, and never will be again under this id
};

std::string_view to_string(WorkerState state) noexcept;

struct Member {
  WorkerId id = {};
  WorkerInfo info = {};
  WorkerState state = WorkerState::joining;

  friend bool operator==(const Member&, const Member&) = default;
};

/// All members at one moment, by id. Of two views of one master that with the higher version is the
/// newer.
struct Membership {
  std::uint64_t version = 0;
  std::vector<Member> members = {};

  /// Returns a member, or nullptr; valid as long as this view.
  const Member* find(WorkerId id) const;

  friend bool operator==(const Membership&, const Membership&) = default;
};

/// Returns the members that worker `self` must dial: of any two the newer dials the older, so that
/// there is one connection between them. None if the view does not know `self` any more.
std::vector<Member> to_dial(const Membership& view, WorkerId self,
                            const std::set<WorkerId>& connected);

}  // namespace weir::runtime
