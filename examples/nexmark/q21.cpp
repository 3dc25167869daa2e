// q21: the id of each bid's channel, which is known or else stands in the url; bids without one are
// dropped.
#include <optional>

#include "channel_bid.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

struct Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string channel;
  std::string channel_id;
};

std::optional<std::string> channel_id(const Channel& channel) {
  if (channel.name == "Apple") return "0";
  if (channel.name == "Google") return "1";
  if (channel.name == "Facebook") return "2";
  if (channel.name == "Baidu") return "3";
  static constexpr std::string_view kParameter = "&channel_id=";
  const std::size_t found = channel.url.find(kParameter);
  if (found == std::string::npos) return std::nullopt;
  const std::size_t begin = found + kParameter.size();
  return channel.url.substr(begin, channel.url.find('&', begin) - begin);
}

void identify(const ChannelBid& in, weir::Emit<Row>& out) {
  if (auto id = channel_id(in.channel))
    out({in.bid.auction, in.bid.bidder, in.bid.price, in.channel.name, *std::move(id)});
}

}  // namespace

void q21(weir::Job& job, const Settings& settings) {
  channel_bids(job, settings)
      .flat_map("identify", identify)
      .sink("out", table<Row>(settings, "auction,bidder,price,channel,channel_id"));
}

}  // namespace nexmark
