// InputGate: the input channels of one subtask. It keeps what has arrived, in order per channel,
// hands it out channel by channel in turn, and holds back the channels that an alignment blocks.
//
// Invariants
//  - Frames of a channel are taken in exactly the order in which they were sent; a gap or a
//    repeated frame is an error, never processed.
//  - A channel holds at most as many batches as it was granted credits, so memory is bounded.
//  - Credits go back in groups, after their batches have been processed; with debloating some are
//    kept back, never so many that a channel has none left.
//  - Channels take turns; but while much of what is fed back waits, nothing else is taken: an
//    iteration finishes what it has begun first.
//
// A barrier that may overtake is announced when it arrives, wherever in its queue it stands.
#pragma once

#include "runtime/task/debloater.hpp"
#include "runtime/task/element.hpp"
#include "runtime/task/situation.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class InputGate {
public:
  /// `credits` is what every sender of this process starts with, others with twice as many;
  /// returned credits are collected until half of them are together: each group wakes a sender,
  /// which costs the receiver time.
  InputGate(std::size_t channels, std::uint32_t credits, const DebloatOptions& debloat = {});

  /// This channel is fed back. To be said before the first frame.
  void set_feedback(ChannelIndex channel) { channels_.at(channel.value()).is_feedback = true; }
  /// Batches that wait on such channels.
  std::size_t fed_back() const { return fed_back_; }

  /// Takes a frame from a channel. `corrupt` names the numbers if it is not the next one.
  Status push(ChannelIndex channel, Frame frame);

  /// An element and where it came from.
  struct Next {
    ChannelIndex channel;
    Element element;
  };
  /// Returns the next element of a channel that is neither empty nor blocked.
  std::optional<Next> next();

  /// A barrier that has arrived and may overtake what waits ahead of it.
  struct Announced {
    ChannelIndex channel;
    checkpoint::Barrier barrier;
  };
  /// Returns the next of them, each once.
  std::optional<Announced> next_announced();

  /// Returns the batches that wait on a channel ahead of a barrier, oldest first; if it has not
  /// come, all. They stay where they are.
  std::vector<Element> ahead_of(ChannelIndex channel, CheckpointId barrier) const;
  /// Takes a barrier out of the queue of a channel: it has overtaken. Returns whether it was there.
  bool take_out(ChannelIndex channel, CheckpointId barrier);

  void block(ChannelIndex channel);
  void unblock(ChannelIndex channel);
  void unblock_all();

  /// A batch of this channel has been processed; returns the credits to send back now, or 0.
  std::uint32_t processed(ChannelIndex channel);

  std::size_t channels() const { return channels_.size(); }

  /// Whether the two functions below are to be called; `now` is monotonic.
  bool is_debloated() const { return debloater_.has_value(); }
  /// `next` has returned something, or nothing.
  void note_input(bool has_input, Duration now) { debloater_->note_input(has_input, now); }
  /// A batch is about to be `processed`.
  void note_batch(Duration now);

  /// Returns how each channel stands; a batch that was handed out counts no more.
  std::vector<InputSituation> situation() const;

private:
  struct Channel {
    std::deque<Element> queue;
    std::uint64_t received = 0;  // sequence number of the last frame
    std::uint32_t owed = 0;      // credits not yet sent back
    std::uint32_t factor = 1;    // times the credits of others
    bool is_blocked = false;
    bool is_ready = false;  // listed in ready_, or in fed_back_ready_
    bool is_feedback = false;
    CheckpointId passed;  // the newest whose barrier, or cancellation, was handed out
  };
  using Ready = std::deque<std::uint32_t>;  // channels with elements that are not blocked, in turn

  std::optional<Next> next_of(Ready& ready);
  void list_if_ready(std::uint32_t index);
  std::uint32_t in_use() const;
  void limit(std::uint32_t credits);

  std::vector<Channel> channels_;
  std::deque<Announced> announced_;
  Ready ready_;
  Ready fed_back_ready_;
  bool is_turn_of_fed_back_ = false;
  std::size_t fed_back_ = 0;  // batches
  std::uint32_t credits_;     // of a channel in this process
  std::uint32_t group_;       // credits that go back together
  std::uint32_t kept_ = 0;    // credits of each channel that do not go back for now
  std::optional<Debloater> debloater_;
};

}  // namespace weir::runtime
