// q16: bids of each channel and day, and how many different bidders and auctions they have.
#include <algorithm>

#include "calendar.hpp"
#include "channel_bid.hpp"
#include "price_ranks.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

using ChannelDay = std::pair<std::string, Day>;

struct Row {
  std::string channel;
  std::string day;
  std::string minute;  // of the last bid
  Census census;
};

class Count final : public weir::KeyedProcess<ChannelDay, ChannelBid, Row> {
public:
  void on_record(const ChannelBid& in, Ctx& ctx, weir::Emit<Row>& out) override {
    const auto last = std::max(in.bid.date_time, last_.value_or(in.bid.date_time));
    last_.set(last);
    const auto& [channel, day] = ctx.key();
    out({channel, day_text(day), minute_text(last), census_.add(in.bid)});
  }

private:
  weir::ValueState<weir::Timestamp> last_{*this, "last"};
  CensusState census_{*this};
};

}  // namespace

void q16(weir::Job& job, const Settings& settings) {
  const auto counts = channel_bids(job, settings)
                          .key_by([](const ChannelBid& in) {
                            return ChannelDay{in.channel.name, day_of(in.bid.date_time)};
                          })
                          .process<Count>("counts");
  const auto key_of = [](const Row& row) { return std::pair{row.channel, row.day}; };
  results(counts, key_of, settings)
      .sink("out", table<Row>(settings,
                              "channel,day,minute,total_bids,rank1_bids,rank2_bids,rank3_bids,"
                              "total_bidders,rank1_bidders,rank2_bidders,rank3_bidders,"
                              "total_auctions,rank1_auctions,rank2_auctions,rank3_auctions"));
}

}  // namespace nexmark
