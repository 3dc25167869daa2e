// Bids together with the channel that they came from.
#pragma once

#include "query.hpp"

namespace nexmark {

struct ChannelBid {
  Bid bid;
  Channel channel;
};

inline weir::Stream<ChannelBid> channel_bids(weir::Job& job, const Settings& settings) {
  const auto read = [](const Event& event, weir::Emit<ChannelBid>& out) {
    if (event.kind() == Kind::bid) out({event.bid(Detail::brief), event.channel()});
  };
  const auto time_of = [](const ChannelBid& in) { return in.bid.date_time; };
  return timed(job.source("bids", source<ChannelBid>(settings.input, read)), time_of, settings);
}

}  // namespace nexmark
