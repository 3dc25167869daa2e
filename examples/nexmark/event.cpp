#include "event.hpp"

#include <weir/hash.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "random.hpp"
#include "texts.hpp"

namespace nexmark {

namespace {

constexpr std::int64_t kMicrosPerEvent = 100;
constexpr std::int64_t kFirstPerson = 1000;
constexpr std::int64_t kFirstAuction = 1000;
constexpr std::int64_t kFirstCategory = 10;
constexpr std::int32_t kCategories = 5;

constexpr std::int64_t kActivePeople = 1000;  // who sell and bid: the newest ones
constexpr std::int64_t kOpenAuctions = 100;   // that get bids: the newest ones
constexpr std::int64_t kAhead = 10;           // so many that do not exist yet are chosen as well

// One of so many is chosen among all; the others are one and the same for a while, which makes it
// hot. Which one changes with every hundredth that comes up.
constexpr std::int32_t kHotAuctionRatio = 2;
constexpr std::int32_t kHotSellerRatio = 4;
constexpr std::int32_t kHotBidderRatio = 4;
constexpr std::int64_t kHotFor = 100;

constexpr std::size_t kPersonBytes = 200;  // on average
constexpr std::size_t kAuctionBytes = 500;
constexpr std::size_t kBidBytes = 100;
constexpr std::size_t kNumberBytes = 8;

constexpr std::array<std::string_view, 11> kFirstNames{
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> kLastNames{
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<std::string_view, 10> kCities{
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
    "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
constexpr std::array<std::string_view, 6> kStates{"AZ", "CA", "ID", "OR", "WA", "WY"};

constexpr std::array<std::string_view, 4> kHotChannels{"Google", "Facebook", "Baidu", "Apple"};
constexpr std::int32_t kHotChannelRatio = 2;
constexpr std::int32_t kChannels = 10'000;
constexpr std::int32_t kChannelIdRatio = 10;  // one url of so many does not name its channel

std::int64_t below(Random& random, std::int64_t bound) {
  return random.below(static_cast<std::int32_t>(bound));
}

template <std::size_t N>
std::string_view one_of(Random& random, const std::array<std::string_view, N>& all) {
  return all[static_cast<std::size_t>(random.below(static_cast<std::int32_t>(N)))];
}

/// Any of the active people, or of those who come next.
std::int64_t any_person(Random& random, std::int64_t last) {
  const std::int64_t active = std::min(last + 1, kActivePeople);
  return last + 1 - active + below(random, active + kAhead);
}

/// Any of the open auctions, or of those that come next.
std::int64_t any_auction(Random& random, std::int64_t last) {
  const std::int64_t first = std::max<std::int64_t>(last - kOpenAuctions, 0);
  return first + below(random, last - first + 1 + kAhead);
}

std::int64_t hot(std::int64_t last) {
  return last / kHotFor * kHotFor;
}

/// From 1 to 1,000,000 with all magnitudes equally likely, in cents.
std::int64_t price(Random& random) {
  return std::llround(std::pow(10.0, random.fraction() * 6.0) * 100.0);
}

std::string credit_card(Random& random) {
  std::string card;
  for (int group = 0; group < 4; ++group) {
    const std::string digits = std::to_string(random.below(10'000));
    if (group != 0) card += ' ';
    card.append(4 - digits.size(), '0') += digits;
  }
  return card;
}

/// The same 32 bits in opposite order.
constexpr std::uint32_t reversed(std::uint32_t bits) {
  std::uint32_t result = 0;
  for (int i = 0; i < 32; ++i, bits >>= 1) result = (result << 1) | (bits & 1);
  return result;
}

/// The address of items that a channel shows. Hot channels come behind the numbered ones.
std::string url_of(std::int32_t channel) {
  Random random{weir::mix(static_cast<std::uint64_t>(channel))};
  std::string url = "https://www.nexmark.com/";
  for (int part = 0; part < 3; ++part) url += words(random, 5, '_') + '/';
  url += "item.htm?query=1";
  if (channel < kChannels && random.below(kChannelIdRatio) > 0) {
    const auto id = static_cast<std::int32_t>(reversed(static_cast<std::uint32_t>(channel)));
    url += "&channel_id=" + std::to_string(std::abs(static_cast<std::int64_t>(id)));
  }
  return url;
}

}  // namespace

weir::Timestamp Event::time() const {
  using namespace std::chrono;
  constexpr weir::Timestamp kFirst = sys_days{year{2015} / July / 15};
  return kFirst + milliseconds{number_ * kMicrosPerEvent / 1000};
}

std::int64_t Event::last_auction() const {
  const std::int64_t place = number_ % kRound;
  return number_ / kRound * kAuctions + std::min(place, kAuctions) - 1;
}

Person Event::person(Detail detail) const {
  Random random{static_cast<std::uint64_t>(number_)};
  Person person{.id = kFirstPerson + last_person(), .date_time = time()};
  person.name = one_of(random, kFirstNames);
  (person.name += ' ') += one_of(random, kLastNames);
  person.email = words(random, 7) + '@';
  person.email += words(random, 5) + ".com";
  person.credit_card = credit_card(random);
  person.city = one_of(random, kCities);
  person.state = one_of(random, kStates);
  if (detail == Detail::full) {
    const std::size_t size = kNumberBytes + person.name.size() + person.email.size() +
                             person.credit_card.size() + person.city.size() + person.state.size();
    person.extra = filling(random, size, kPersonBytes);
  }
  return person;
}

Auction Event::auction(Detail detail) const {
  Random random{static_cast<std::uint64_t>(number_)};
  Auction auction{.id = kFirstAuction + last_auction(), .date_time = time()};
  const bool is_hot = random.below(kHotSellerRatio) > 0;
  auction.seller = kFirstPerson + (is_hot ? hot(last_person()) : any_person(random, last_person()));
  auction.category = kFirstCategory + random.below(kCategories);
  auction.initial_bid = price(random);
  // On average an auction is open until so many more have begun as are open at once.
  const Event horizon{number_ + kOpenAuctions * kRound / kAuctions};
  const std::int64_t average = (horizon.time() - time()).count();
  auction.expires =
      time() + std::chrono::milliseconds{1 + below(random, std::max<std::int64_t>(2 * average, 1))};
  if (detail == Detail::full) {
    auction.item_name = words(random, 20);
    auction.description = words(random, 100);
    auction.reserve = auction.initial_bid + price(random);
    const std::size_t size =
        6 * kNumberBytes + auction.item_name.size() + auction.description.size();
    auction.extra = filling(random, size, kAuctionBytes);
  }
  return auction;
}

Bid Event::bid(Detail detail) const {
  Random random{static_cast<std::uint64_t>(number_)};
  Bid bid{.id = number_, .date_time = time()};
  const bool is_hot_auction = random.below(kHotAuctionRatio) > 0;
  bid.auction =
      kFirstAuction + (is_hot_auction ? hot(last_auction()) : any_auction(random, last_auction()));
  const bool is_hot_bidder = random.below(kHotBidderRatio) > 0;
  bid.bidder =
      kFirstPerson + (is_hot_bidder ? hot(last_person()) + 1 : any_person(random, last_person()));
  bid.price = price(random);
  if (detail == Detail::full) bid.extra = filling(random, 4 * kNumberBytes, kBidBytes);
  return bid;
}

Channel Event::channel() const {
  Random random{weir::mix(static_cast<std::uint64_t>(~number_))};
  if (random.below(kHotChannelRatio) > 0) {
    const std::int32_t which = random.below(static_cast<std::int32_t>(kHotChannels.size()));
    return {std::string{kHotChannels[static_cast<std::size_t>(which)]}, url_of(kChannels + which)};
  }
  const std::int32_t which = random.below(kChannels);
  return {"channel-" + std::to_string(which), url_of(which)};
}

}  // namespace nexmark
