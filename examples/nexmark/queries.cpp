#include "queries.hpp"

#include <stdexcept>

namespace nexmark {

const std::vector<Query>& queries() {
  static const std::vector<Query> all{
      {"q0", "passes all bids through", q0},
      {"q1", "turns the prices of bids into another currency", q1},
      {"q2", "picks the bids of some auctions", q2},
      {"q3", "joins sellers of some states with their auctions of a category", q3},
      {"q4", "averages, for each category, what its auctions bring", q4},
      {"q5", "finds the auctions with the most bids, in windows that slide", q5},
      {"q6", "averages, for each seller, what their last ten auctions have brought", q6},
      {"q7", "finds the highest bids of every ten seconds", q7},
      {"q8", "finds people who come and sell within the same ten seconds", q8},
      {"q9", "finds the winning bid of each auction", q9},
      {"q11", "counts the bids of each bidder, in sessions", q11},
      {"q12", "counts the bids of each bidder, by the wall clock", q12, false},
      {"q13", "finds a value for each bid in a table beside the stream", q13},
      {"q14", "filters bids by price and calculates on them", q14, false},
      {"q15", "counts bids, bidders and auctions of each day", q15, false},
      {"q16", "counts bids, bidders and auctions of each channel and day", q16, false},
      {"q17", "sums up the bids of each auction and day", q17, false},
      {"q18", "keeps the last bid of each bidder in each auction", q18, false},
      {"q19", "keeps the ten highest bids of each auction", q19, false},
      {"q20", "joins bids with their auctions, of one category", q20, false},
      {"q21", "finds the id of each bid's channel", q21, false},
      {"q22", "takes apart the url of each bid", q22, false},
      {"q23", "joins the bids of people who sell with all that they sell", q23, false},
  };
  return all;
}

weir::Job job_of(std::string_view name, const Settings& settings) {
  const Input& input = settings.input;
  if (input.first < 0 || input.events < 0 || input.rate < 0)
    throw std::invalid_argument{
        "the first event, the number of events or their rate is negative; give numbers from 0 on"};
  for (const Query& query : queries()) {
    if (query.name != name) continue;
    if (settings.is_beam && !query.is_in_beam)
      throw std::invalid_argument{"query " + std::string{name} +
                                  " has no form of Beam; leave out --variant beam"};
    weir::Job job{"nexmark-" + std::string{name}};
    query.build(job, settings);
    return job;
  }
  std::string names;
  for (const Query& query : queries()) (names += names.empty() ? "" : ", ") += query.name;
  throw std::invalid_argument{"there is no query \"" + std::string{name} + "\"; take one of " +
                              names};
}

weir::Stream<Bid> bids(weir::Job& job, const Settings& settings, Detail detail) {
  const auto read = [detail](const Event& event, weir::Emit<Bid>& out) {
    if (event.kind() == Kind::bid) out(event.bid(detail));
  };
  return timed(job.source("bids", source<Bid>(settings.input, read)), &Bid::date_time, settings);
}

weir::Stream<Offer> offers(weir::Job& job, const Settings& settings, Detail detail) {
  const auto read = [detail](const Event& event, weir::Emit<Offer>& out) {
    if (event.kind() == Kind::auction) out.emplace(event.auction(detail));
    if (event.kind() == Kind::bid) out.emplace(event.bid(detail));
  };
  return timed(job.source("offers", source<Offer>(settings.input, read)), time_of<Auction, Bid>,
               settings);
}

}  // namespace nexmark
