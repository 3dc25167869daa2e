// q15: bids of each day, and how many different bidders and auctions they have.
#include "calendar.hpp"
#include "price_ranks.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

struct Row {
  std::string day;
  Census census;
};

class Count final : public weir::KeyedProcess<Day, Bid, Row> {
public:
  void on_record(const Bid& bid, Ctx& ctx, weir::Emit<Row>& out) override {
    out({day_text(ctx.key()), census_.add(bid)});
  }

private:
  CensusState census_{*this};
};

}  // namespace

void q15(weir::Job& job, const Settings& settings) {
  const auto counts = bids(job, settings, Detail::brief)
                          .key_by([](const Bid& bid) { return day_of(bid.date_time); })
                          .process<Count>("counts");
  results(counts, &Row::day, settings)
      .sink("out", table<Row>(settings,
                              "day,total_bids,rank1_bids,rank2_bids,rank3_bids,total_bidders,"
                              "rank1_bidders,rank2_bidders,rank3_bidders,total_auctions,"
                              "rank1_auctions,rank2_auctions,rank3_auctions"));
}

}  // namespace nexmark
