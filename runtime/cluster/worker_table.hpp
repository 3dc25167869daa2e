// WorkerTable: who is a member of the cluster. Pure: events in, actions out; the master carries it.
//
//   registers ──► joining ◄──► ready ──► draining ──► gone
//      │             │           │           │         ▲
//      └─► refused   └───────────┴───────────┴─────────┘ silent, closed, left, replaced
//
// Ready workers are all connected to each other, so a job may be placed on any of them. A newcomer
// becomes ready when it is connected to every ready worker. When a connection between ready workers
// breaks, those with the most connections stay ready; the others are joining until they are
// connected again.
//
// Invariants
//  - An id is given once. Whoever is gone and speaks is told to register anew: it is fenced.
//  - No two members have the same name or the same address.
//  - Of two ready workers each has said that it is connected to the other.
#pragma once

#include "runtime/cluster/heartbeat_monitor.hpp"
#include "runtime/cluster/membership.hpp"

#include <weir/result.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace weir::runtime {

enum class LossReason : std::uint8_t {
  silent,    ///< nothing was heard of it for too long
  closed,    ///< its connection broke: the process has ended
  left,      ///< it said goodbye
  replaced,  ///< another process registered in its place
};

// What the carrier must do.
struct Admit {  // the answer to a registration
  WorkerId id;
  WorkerInfo info;
};
struct Refuse {  // the answer to a registration: the reason and the cure
  Status status;
};
struct RegisterAnew {  // tell whoever spoke under this id; nothing else it said counts
  WorkerId id;
};
struct WorkerLost {  // drop its connection; what ran there has failed
  Member worker;     // as it was last
  LossReason reason;
  std::string text;  // names the worker and says why
};
struct Announce {  // tell all members
  Membership view;
};

using ClusterAction = std::variant<Admit, Refuse, RegisterAnew, WorkerLost, Announce>;
using ClusterActions = std::vector<ClusterAction>;

/// See the file comment. `now` is monotonic time.
class WorkerTable {
public:
  struct Options {
    HeartbeatOptions heartbeat = {};
    std::uint32_t protocol = 1;  // workers with another version are refused
    /// The highest id that may have been given before. A master that takes over from another must
    /// begin above all ids of that one.
    WorkerId last_id = {};
  };

  explicit WorkerTable(const Options& options);

  /// A process wants to become a member. `nonce` is a random number that it draws whenever it
  /// begins to register and keeps while it asks again: a registration that is repeated because the
  /// answer was late gets the same answer. A member that registers under a new nonce has given up
  /// its old id.
  ClusterActions on_register(const WorkerInfo& info, std::uint64_t nonce, Duration now);
  /// A worker has sent any message.
  ClusterActions on_heard(WorkerId id, Duration now);
  /// Something was read from a worker's process; see HeartbeatMonitor. Ignored of strangers.
  void on_sign(WorkerId id, Duration at) { heartbeats_.on_sign(id, at); }
  /// A worker says which other workers it is connected to: all of them, with every heartbeat and
  /// whenever they change. Counts as heard.
  ClusterActions on_connections(WorkerId id, const std::set<WorkerId>& peers, Duration now);
  /// A worker is to take no new subtasks, because it or somebody else asks for it.
  ClusterActions on_drain(WorkerId id);
  /// A worker says goodbye.
  ClusterActions on_left(WorkerId id);
  /// The connection to a worker broke.
  ClusterActions on_closed(WorkerId id);
  /// Time has passed; to be called at `next_wake`.
  ClusterActions on_tick(Duration now);
  /// When `on_tick` is needed next; none without members.
  std::optional<Duration> next_wake() const { return heartbeats_.next_wake(); }

  /// All members.
  const Membership& view() const { return view_; }
  WorkerState state_of(WorkerId id) const;
  /// Ready workers that a worker is not connected to: why it is joining.
  std::vector<WorkerInfo> missing_connections(WorkerId id) const;

private:
  struct Entry {
    WorkerInfo info = {};
    std::uint64_t nonce = 0;
    std::set<WorkerId> connected = {};  // as it says
    bool has_been_ready = false;
    bool is_draining = false;
    bool is_ready = false;
  };

  bool are_connected(WorkerId a, WorkerId b) const;
  Status check(const WorkerInfo& info) const;
  Status make_room(const WorkerInfo& info, Duration now, ClusterActions& actions);
  void admit(const WorkerInfo& info, std::uint64_t nonce, Duration now, ClusterActions& actions);
  void lose(WorkerId id, LossReason reason, const std::string& why, ClusterActions& actions);
  std::set<WorkerId> mesh() const;
  void update(ClusterActions& actions);

  Options options_;
  HeartbeatMonitor heartbeats_;
  std::map<WorkerId, Entry> workers_;
  WorkerId last_id_;
  Membership view_;
};

}  // namespace weir::runtime
