// q6: the average, for each seller, of what the last ten of their auctions have brought. Flink's
// SQL has no form of it that runs, so this is Beam's: the last ones are those whose winning bids
// are the latest.
#include <algorithm>
#include <compare>

#include "queries.hpp"
#include "rounded.hpp"
#include "winning_bids.hpp"

namespace nexmark {

namespace {

constexpr std::size_t kSales = 10;

struct Sale {
  weir::Timestamp date_time;  // of the winning bid
  std::int64_t price;

  friend auto operator<=>(const Sale&, const Sale&) = default;
};

struct Row {
  std::int64_t seller;
  std::int64_t average;  // rounded
};

std::int64_t seller_of(const WinningBid& winner) {
  return winner.auction.seller;
}

class LastSales final : public weir::KeyedProcess<std::int64_t, WinningBid, Row> {
public:
  void on_record(const WinningBid& winner, Ctx& ctx, weir::Emit<Row>& out) override {
    std::vector<Sale> sales = sales_.get();
    const Sale sale{winner.bid.date_time, winner.bid.price};
    sales.insert(std::upper_bound(sales.begin(), sales.end(), sale), sale);
    if (sales.size() > kSales) sales.erase(sales.begin());
    std::int64_t sum = 0;
    for (const Sale& one : sales) sum += one.price;
    out({ctx.key(), rounded_average(sum, static_cast<std::int64_t>(sales.size()))});
    sales_.set(std::move(sales));
  }

private:
  weir::ListState<Sale> sales_{*this, "sales"};  // the last ones, ascending
};

}  // namespace

void q6(weir::Job& job, const Settings& settings) {
  const auto averages =
      winning_bids(job, settings, Detail::brief).key_by(seller_of).process<LastSales>("last-sales");
  results(averages, &Row::seller, settings).sink("out", table<Row>(settings, "seller,average"));
}

}  // namespace nexmark
