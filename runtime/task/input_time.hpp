// InputTime: how far event time has come on the input of a subtask, from the watermarks of its
// channels. Pure.
//
// It is the least of all channels that somebody waits for: not of those that are idle, that have
// ended, or that are fed back (what goes round an iteration is as old as the round before). It
// never goes back. A channel that wakes up behind it is not waited for until it has caught up; what
// it brings until then is late. When all are idle nobody waits for anybody, so what any of them
// has said counts (Flink: StatusWatermarkValve).
#pragma once

#include "base/ids.hpp"

#include <weir/detail/watermark.hpp>

#include <optional>
#include <vector>

namespace weir::runtime {

/// See the file comment. Every function returns the new watermark if it has changed.
class InputTime {
public:
  using Watermark = detail::Watermark;

  explicit InputTime(std::size_t channels) : channels_(channels) {}

  /// This channel is fed back. To be said before all else.
  void set_feedback(ChannelIndex channel) { channels_.at(channel.value()).is_over = true; }

  /// Event time had come so far already. Likewise.
  void begin_at(Timestamp time) { now_.time = time; }

  /// A watermark has come on a channel.
  std::optional<Watermark> on_watermark(ChannelIndex channel, const Watermark& watermark);
  /// A channel has ended: nobody waits for it any more.
  std::optional<Watermark> on_end(ChannelIndex channel);

private:
  struct Channel {
    Watermark last = {};
    bool is_over = false;  // or is fed back: it does not count
    bool lags = false;     // it woke up behind the others
  };

  std::optional<Watermark> update();

  std::vector<Channel> channels_;
  Watermark now_;
};

}  // namespace weir::runtime
