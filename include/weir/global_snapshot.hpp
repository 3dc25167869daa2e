// Global snapshots of processes that send each other messages: the words for them, and
// SnapshotCollector, which puts the parts of all processes together. Each part is made by a
// ChandyLamport, see weir/chandy_lamport.hpp.
//
//   using namespace weir::snapshots;
//   ProcessGraph graph{.processes = {ProcessId{1}, ProcessId{2}},
//                      .channels = {{ProcessId{1}, ProcessId{2}}, {ProcessId{2}, ProcessId{1}}}};
//   SnapshotCollector collector{graph};
//   ...
//   auto whole = collector.add(part);  // for each part that arrives
//   if (whole.ok() && *whole) print(**whole);
//
// Nothing here sends, waits or locks: an object belongs to one thread at a time.
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::snapshots {

/// Number of a process: whatever has a state and sends messages, such as an actor.
enum class ProcessId : std::uint32_t {};

/// A channel from one process to another one, or to itself. It must deliver each message once and
/// in the order of sending. Several channels with the same ends differ in `lane`.
struct Channel {
  ProcessId from{};
  ProcessId to{};
  std::uint32_t lane = 0;

  friend auto operator<=>(const Channel&, const Channel&) = default;
};

/// Which snapshot. Who begins one counts its own, from 1 and upwards; so no two processes need to
/// agree on a number.
struct SnapshotId {
  ProcessId initiator{};
  std::uint64_t number = 0;

  friend auto operator<=>(const SnapshotId&, const SnapshotId&) = default;
};

/// Return what people read: "P1", "P1->P2", with a lane "P1->P2#1", "snapshot 3 of P1".
std::string to_string(ProcessId process);
std::string to_string(const Channel& channel);
std::string to_string(SnapshotId id);

/// All processes, and all channels between them.
struct ProcessGraph {
  std::set<ProcessId> processes;
  std::set<Channel> channels;

  /// Returns the channels to `process`, in ascending order.
  std::vector<Channel> inputs_of(ProcessId process) const;

  /// Returns the channels from `process`, in ascending order.
  std::vector<Channel> outputs_of(ProcessId process) const;

  /// Returns whether snapshots that `initiator` begins become complete: ok if channels lead from it
  /// to every process. `invalid_argument` names one that no marker would reach, or a process that
  /// is not in the graph. In a strongly connected graph every process may begin snapshots.
  Status check_initiator(ProcessId initiator) const;

  friend bool operator==(const ProcessGraph&, const ProcessGraph&) = default;
};

/// What was in a channel: sent before the sender's state was taken, received after the receiver's.
struct ChannelState {
  Channel channel;
  std::vector<Bytes> messages;  ///< in the order of sending

  friend bool operator==(const ChannelState&, const ChannelState&) = default;
};

/// What one process contributes to a snapshot.
struct ProcessSnapshot {
  SnapshotId id;
  ProcessId process{};
  Bytes state;
  std::vector<ChannelState> inputs;  ///< all channels to the process, in ascending order

  friend bool operator==(const ProcessSnapshot&, const ProcessSnapshot&) = default;
};

/// A state that the whole system may have been in: a consistent cut.
struct GlobalSnapshot {
  SnapshotId id;
  std::map<ProcessId, Bytes> states;
  std::map<Channel, std::vector<Bytes>> channels;  ///< every channel, also the empty ones

  friend bool operator==(const GlobalSnapshot&, const GlobalSnapshot&) = default;
};

/// Puts parts together. Any number of snapshots may be under way. Parts of different processes come
/// in any order; those of one process in the order in which it made them, each once.
class SnapshotCollector {
public:
  /// Makes a collector for all processes of `graph`. Both ends of each channel must be in it.
  explicit SnapshotCollector(ProcessGraph graph);

  /// Takes one part. Returns the snapshot if this was its last part, else nothing.
  /// `invalid_argument` if the part does not fit the graph, `failed_precondition` if this process
  /// has given its part of this snapshot, or of a later one of the same initiator. A part that is
  /// refused changes nothing.
  Result<std::optional<GlobalSnapshot>> add(ProcessSnapshot part);

  /// Returns how many snapshots have some parts but not all.
  std::size_t under_way() const { return begun_.size(); }

private:
  Status check(const ProcessSnapshot& part) const;

  ProcessGraph graph_;
  std::map<SnapshotId, GlobalSnapshot> begun_;
  // By process and initiator: the number of the newest part. Parts come in ascending order, so this
  // is all that need be known of snapshots that are complete.
  std::map<std::pair<ProcessId, ProcessId>, std::uint64_t> newest_;
};

}  // namespace weir::snapshots
