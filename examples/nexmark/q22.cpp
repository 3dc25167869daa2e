// q22: the directories in the url of each bid.
#include "channel_bid.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

struct Row {
  std::int64_t auction;
  std::int64_t bidder;
  std::int64_t price;
  std::string channel;
  std::string dir1;
  std::string dir2;
  std::string dir3;
};

/// The part of a text between two slashes, counted from 0; empty if there are not so many.
std::string part_of(std::string_view text, int index) {
  for (; index > 0; --index) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return {};
    text.remove_prefix(slash + 1);
  }
  return std::string{text.substr(0, text.find('/'))};
}

Row take_apart(const ChannelBid& in) {
  const auto& [bid, channel] = in;
  return {bid.auction,
          bid.bidder,
          bid.price,
          channel.name,
          part_of(channel.url, 3),
          part_of(channel.url, 4),
          part_of(channel.url, 5)};
}

}  // namespace

void q22(weir::Job& job, const Settings& settings) {
  channel_bids(job, settings)
      .map("take-apart", take_apart)
      .sink("out", table<Row>(settings, "auction,bidder,price,channel,dir1,dir2,dir3"));
}

}  // namespace nexmark
