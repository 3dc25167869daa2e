#include "runtime/task/input_time.hpp"

#include <algorithm>

namespace weir::runtime {

std::optional<detail::Watermark> InputTime::on_watermark(ChannelIndex channel,
                                                         const Watermark& watermark) {
  Channel& c = channels_.at(channel.value());
  if (c.is_over) return std::nullopt;
  const bool was_idle = c.last.is_idle;
  c.last = {std::max(c.last.time, watermark.time), watermark.is_idle};
  c.lags = (was_idle || c.lags) && c.last.time < now_.time;
  return update();
}

std::optional<detail::Watermark> InputTime::on_end(ChannelIndex channel) {
  channels_.at(channel.value()).is_over = true;
  return update();
}

std::optional<detail::Watermark> InputTime::update() {
  Timestamp least = Timestamp::max();
  Timestamp greatest = Timestamp::min();
  bool any_left = false;
  bool is_idle = true;
  for (const Channel& c : channels_) {
    if (c.is_over) continue;
    any_left = true;
    greatest = std::max(greatest, c.last.time);
    if (c.last.is_idle) continue;
    is_idle = false;
    if (!c.lags) least = std::min(least, c.last.time);
  }
  if (!any_left) return std::nullopt;  // the end of the input says more
  if (is_idle) least = greatest;
  Watermark next{now_.time, is_idle};
  if (least != Timestamp::max()) next.time = std::max(next.time, least);
  if (next == now_) return std::nullopt;
  now_ = next;
  return now_;
}

}  // namespace weir::runtime
