// q13: bids with a value out of a table of 10,000 rows, found by their auction; in Beam out of 500
// rows, by their bidder. The table is broadcast, and then lies in the memory of every subtask.
#include "q13.hpp"

#include "queries.hpp"

namespace nexmark {

namespace {

class Lookup final : public weir::CoProcess<Bid, SideRow, Enriched> {
public:
  explicit Lookup(Side side) : side_{side} {}

  void on_first(const Bid& bid, const weir::OperatorInfo&, weir::Emit<Enriched>& out) override {
    if (is_whole())
      emit(bid, out);
    else
      waiting_.add(bid);
  }

  void on_second(const SideRow& row, const weir::OperatorInfo&,
                 weir::Emit<Enriched>& out) override {
    table_.put(row.key, row.value);
    if (!is_whole()) return;
    for (const Bid& bid : waiting_) emit(bid, out);
    waiting_.clear();
  }

private:
  bool is_whole() const { return static_cast<std::int64_t>(table_.size()) == side_.rows; }

  void emit(const Bid& bid, weir::Emit<Enriched>& out) const {
    out({bid.auction, bid.bidder, bid.price, bid.date_time,
         *table_.find(bid.*side_.by % side_.rows)});
  }

  Side side_;
  weir::BroadcastState<std::int64_t, std::string> table_{*this, "table"};
  weir::OperatorListState<Bid> waiting_{*this, "waiting"};  // for the table
};

}  // namespace

weir::Stream<Enriched> enriched(const weir::Stream<Bid>& bids, const weir::Stream<SideRow>& table,
                                Side side) {
  return bids.connect(table.broadcast()).process<Lookup>("lookup", side);
}

void q13(weir::Job& job, const Settings& settings) {
  const Side side = settings.is_beam ? Side{500, &Bid::bidder} : Side{10'000, &Bid::auction};
  const auto rows = job.source("side-input", weir::generator::sequence(0, side.rows))
                        .map("rows", [](std::int64_t key) {
                          return SideRow{key, std::to_string(key)};
                        });
  enriched(bids(job, settings, Detail::brief), rows, side)
      .sink("out", table<Enriched>(settings, "auction,bidder,price,date_time,value"));
}

}  // namespace nexmark
