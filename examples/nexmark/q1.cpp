// q1: prices in euros, of which a dollar is 0.908. SQL keeps thousandths of a cent; Beam takes 0.89
// and drops what is less than a cent.
#include "queries.hpp"

namespace nexmark {

void q1(weir::Job& job, const Settings& settings) {
  const auto convert = [is_beam = settings.is_beam](const Bid& bid) {
    Bid converted = bid;
    converted.price = is_beam ? bid.price * 89 / 100 : bid.price * 908;
    return converted;
  };
  const std::string price = settings.is_beam ? "price" : "price_thousandths";
  bids(job, settings, Detail::full)
      .map("convert", convert)
      .sink("out", table<Bid>(settings, "id,auction,bidder," + price + ",date_time,extra"));
}

}  // namespace nexmark
