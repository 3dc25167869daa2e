// EndOfInput: when has a subtask taken in all that will ever come? Pure.
//
// Without a cycle that is when every channel has ended. The channels that are fed back to the
// beginning of an iteration cannot end before it does. So once its other channels have ended, it
// finds out whether records still go round:
//
//   It sends a probe behind all that it has emitted. Who is in between passes a probe on when it
//   has come on all channels that have not ended, so behind all records that came before it; busy
//   if one of those was. When it has come back on all channels that are fed back, nobody else's
//   probe is missing either: what is fed back goes to all subtasks of the beginning, so each hears
//   of every other. If a subtask has had records back since its last probe, or does not know, its
//   next is busy. If none of a round was, no record is on its way: the iteration is over, for all
//   subtasks in the same round. Else the next round begins.
//
// Invariants
//  - What handles a record emits, if anything, before the next probe, in the order of the channel.
//  - A record that is on its way when a round ends was emitted by somebody who, a round before,
//    had one back; and so on to the first round, which is busy.
#pragma once

#include "runtime/task/element.hpp"

#include <map>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class EndOfInput {
public:
  /// What follows from an event.
  struct Step {
    bool has_ended = false;             // now: said once
    std::vector<EndProbe> probes = {};  // to be sent on all channels, behind all else

    friend bool operator==(const Step&, const Step&) = default;
  };

  /// The input of a subtask of vertex `self`. `is_feedback` says of each channel whether it is; at
  /// least one must not be.
  EndOfInput(VertexId self, std::vector<bool> is_feedback);

  /// A channel has ended.
  Step on_end(ChannelIndex channel);
  /// A probe has come on a channel.
  Step on_probe(ChannelIndex channel, const EndProbe& probe);
  /// Records have come on a channel. Returns whether that may be: after the end none may.
  bool on_records(ChannelIndex channel);

private:
  /// One probe that comes on several channels.
  struct Round {
    std::uint64_t number = 0;
    bool is_busy = false;
    std::vector<bool> has_come;  // by channel
  };

  bool is_iteration() const;
  bool has_come(const Round& round) const;
  Step next_round();
  Step come_back(ChannelIndex channel, const EndProbe& probe);
  Step pass_on_complete();
  bool note(Round& round, ChannelIndex channel, const EndProbe& probe) const;

  VertexId self_;
  std::vector<bool> is_feedback_;     // by channel
  std::vector<bool> is_over_;         // likewise
  std::map<VertexId, Round> rounds_;  // of other iterations' probes
  Round own_;                         // 0: not begun
  Round ahead_;                       // others may have begun the next one already
  bool is_busy_ = true;               // records may have come back since the last probe
  bool has_ended_ = false;
};

}  // namespace weir::runtime
