// ChandyLamport: one process's part in global snapshots of a system that never stops for them.
//
//   using namespace weir::snapshots;
//   ChandyLamport snapshots{me, graph.inputs_of(me), graph.outputs_of(me),
//                           [&] { return std::to_string(balance); }};
//   ...
//   auto step = snapshots.on_marker(channel, id);  // or begin(number), if it is the initiator
//   if (!step.ok()) return report(step.status());
//   for (const Channel& to : step->markers) send_marker(to, id);
//   if (step->part) send_to_collector(*step->part);
//   ...
//   weir::Status known = snapshots.on_message(channel, message);  // every message, when it arrives
//
// THE MARKER RULE (Chandy and Lamport, "Distributed Snapshots: Determining Global States of
// Distributed Systems", 1985, section 3.1):
//   begin           Take the state, send a marker on every output, record all inputs.
//   first marker    Take the state, send a marker on every output; the input that the marker came
//                   on was empty, all others are recorded.
//   later marker    Stop recording its input: the messages recorded are what was in the channel.
// The part is done when the marker has come on every input. A channel from a process to itself is
// like any other.
//
// What it needs of its surroundings
//  - Channels are reliable and FIFO, for messages and markers together: nothing is lost, repeated
//    or overtaken. Otherwise the snapshot is wrong.
//  - The markers of a step are sent before anything else on those outputs.
//  - Taking a message in and `on_message` are one step: neither `begin` nor `on_marker` may come
//    between them.
//  - Markers reach every process: ProcessGraph::check_initiator.
//
// Invariants
//  - Snapshots do not disturb one another: each has a state and recordings of its own.
//  - Those of one initiator begin and end in the order of their numbers, at every process, because
//    their markers follow each other through every channel. So the number of the newest one tells
//    an old marker from a new one, however many snapshots there have been.
//  - A call that returns an error has changed nothing.
//
// No clock, thread or I/O: an object belongs to one thread at a time.
#pragma once

#include <weir/bytes.hpp>
#include <weir/global_snapshot.hpp>
#include <weir/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::snapshots {

/// What the process must do after an event, in the order of the fields.
struct SnapshotStep {
  std::vector<Channel> markers;         ///< send a marker of this snapshot on these, at once
  std::optional<ProcessSnapshot> part;  ///< this process is done: give it to the collector

  friend bool operator==(const SnapshotStep&, const SnapshotStep&) = default;
};

/// See the file comment.
class ChandyLamport {
public:
  /// Returns the state of the process now. It is called inside of `begin` and `on_marker`, once for
  /// each snapshot. What it throws passes through, and the call has changed nothing.
  using TakeState = std::function<Bytes()>;

  /// Makes the part of the process `self`. `inputs` lead to it, `outputs` from it; either may be
  /// empty, none may repeat. A channel to itself is in both.
  ChandyLamport(ProcessId self, std::vector<Channel> inputs, std::vector<Channel> outputs,
                TakeState take_state);

  /// Begins the snapshot {self, number}. A process without inputs is done with it at once.
  /// `failed_precondition` unless `number` is greater than all that it began before, and than 0.
  Result<SnapshotStep> begin(std::uint64_t number);

  /// A marker of snapshot `id` arrived on an input. `invalid_argument` if `channel` is no input.
  /// `failed_precondition` if the marker cannot be: it came on this channel before, its snapshot is
  /// done here, or is said to be begun by this process and was not. Then a channel is not FIFO or
  /// not reliable, or two processes have the same number.
  Result<SnapshotStep> on_marker(const Channel& channel, SnapshotId id);

  /// A message arrived on an input. Before the first snapshot, and while none is under way, nothing
  /// is kept of it. `invalid_argument` if `channel` is no input.
  Status on_message(const Channel& channel, std::string_view message);

  /// Returns the inputs that snapshot `id` still records, in ascending order.
  std::vector<Channel> recorded(SnapshotId id) const;

  /// Returns how many snapshots have begun here and are not done.
  std::size_t under_way() const { return begun_.size(); }

private:
  /// A snapshot that waits for markers.
  struct Recording {
    Bytes state;
    std::vector<std::vector<Bytes>> messages;  // by input
    std::vector<bool> is_open;                 // by input: no marker yet
    std::size_t open = 0;
  };
  using Recordings = std::map<SnapshotId, Recording>;

  std::optional<std::size_t> input_of(const Channel& channel) const;
  bool is_new(SnapshotId id) const;
  Recordings::iterator record(SnapshotId id);
  std::optional<ProcessSnapshot> take_if_done(Recordings::iterator at);

  ProcessId self_;
  std::vector<Channel> inputs_;   // ascending
  std::vector<Channel> outputs_;  // ascending
  TakeState take_state_;
  Recordings begun_;
  std::map<ProcessId, std::uint64_t> newest_;  // by initiator: number of its last snapshot here
};

}  // namespace weir::snapshots
