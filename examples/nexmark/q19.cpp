// q19: the ten highest bids of each auction, of equal ones the earliest first.
#include <algorithm>

#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::size_t kRanks = 10;

struct Row {
  Bid bid;
  std::int64_t rank;  // from 1
};

/// Emits a row for each rank that gets another bid.
class Top final : public weir::KeyedProcess<std::int64_t, Bid, Row> {
public:
  void on_record(const Bid& bid, Ctx&, weir::Emit<Row>& out) override {
    const std::vector<Bid>& held = top_.get();
    const auto place = std::upper_bound(held.begin(), held.end(), bid, is_ahead);
    const auto rank = static_cast<std::size_t>(place - held.begin());
    if (rank == kRanks) return;
    std::vector<Bid> top = held;
    top.insert(top.begin() + static_cast<std::ptrdiff_t>(rank), bid);
    if (top.size() > kRanks) top.pop_back();
    for (std::size_t i = rank; i < top.size(); ++i) out({top[i], static_cast<std::int64_t>(i + 1)});
    top_.set(std::move(top));
  }

private:
  weir::ListState<Bid> top_{*this, "top"};
};

std::pair<std::int64_t, std::int64_t> auction_and_rank(const Row& row) {
  return {row.bid.auction, row.rank};
}

}  // namespace

void q19(weir::Job& job, const Settings& settings) {
  const auto top = bids(job, settings, Detail::full).key_by(&Bid::auction).process<Top>("top");
  results(top, auction_and_rank, settings)
      .sink("out", table<Row>(settings, "id,auction,bidder,price,date_time,extra,rank"));
}

}  // namespace nexmark
