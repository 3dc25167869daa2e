// A job whose checkpoints lie in test/golden/keyed: every kind of keyed state, over every kind of
// type. What it writes can be computed without it. It must not change, nor may its types: files
// hold their bytes.
#pragma once

#include <weir/hash.hpp>
#include <weir/testing.hpp>

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace weir::test::golden {

struct Place {
  std::string city;
  std::uint16_t zip = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Visit {
  int number = 0;
  Place place;
};

struct User {
  std::int8_t region = 0;
  std::string name;
  friend auto operator<=>(const User&, const User&) = default;
};

/// Has a codec of its own.
class Money {
public:
  explicit Money(std::int64_t cents = 0) : cents_{cents} {}
  std::int64_t cents() const { return cents_; }

private:
  std::int64_t cents_;
};

struct Profile {
  std::int64_t visits = 0;
  double mean = 0;
  Place last;
  std::optional<std::string> note;
  std::vector<Place> first_three;
  std::variant<std::int32_t, std::string> either;
};

struct Totals {
  std::uint32_t count = 0;
  std::pair<std::uint16_t, std::uint16_t> range;
};

/// What a user's state was after a visit: a hash of all of it.
struct Summary {
  User user;
  std::int64_t visits = 0;
  std::uint64_t digest = 0;
  friend bool operator==(const Summary&, const Summary&) = default;
};

}  // namespace weir::test::golden

template <>
struct weir::Codec<weir::test::golden::Money> {
  static void encode(const test::golden::Money& money, ByteWriter& out) { out.put(money.cents()); }
  static test::golden::Money decode(ByteReader& in) {
    return test::golden::Money{in.get<std::int64_t>()};
  }
  static std::string schema() { return "money-v1"; }
};

namespace weir::test::golden {

constexpr int kUsers = 6;
constexpr int kVisits = 300;

inline std::vector<Visit> all_visits() {
  std::vector<Visit> visits;
  for (int i = 0; i < kVisits; ++i)
    visits.push_back({i, {"city-" + std::to_string(i % 35), static_cast<std::uint16_t>(i % 7)}});
  return visits;
}

/// The rows of a user are all in one partition of two, so that their order is known.
inline User user_of(const Visit& visit) {
  const int user = visit.number % kUsers;
  return {static_cast<std::int8_t>(user - 3), "user-" + std::to_string(user)};
}

inline std::string text_of(const Place& place) {
  return place.city + "/" + std::to_string(place.zip);
}

inline Profile visited(Profile profile, const Visit& visit) {
  profile.mean = (profile.mean * static_cast<double>(profile.visits) + visit.place.zip) /
                 static_cast<double>(profile.visits + 1);
  ++profile.visits;
  profile.last = visit.place;
  if (profile.visits % 2 == 0) profile.note = "even at " + text_of(visit.place);
  if (profile.first_three.size() < 3) profile.first_three.push_back(visit.place);
  if (profile.visits % 3 == 0)
    profile.either = visit.number;
  else
    profile.either = visit.place.city;
  return profile;
}

inline Totals added(Totals totals, const Visit& visit) {
  const std::uint16_t zip = visit.place.zip;
  totals.range = totals.count == 0 ? std::pair{zip, zip}
                                   : std::pair{std::min(totals.range.first, zip),
                                               std::max(totals.range.second, zip)};
  ++totals.count;
  return totals;
}

/// All that the job keeps of a user.
struct Kept {
  Profile profile;
  std::vector<Place> all;
  std::map<Place, Totals> by_place;
  std::int64_t sum = 0;
  Totals totals;
  Money spent;
  std::string last;
};

inline std::string text_of(const Totals& totals) {
  return std::to_string(totals.count) + " from " + std::to_string(totals.range.first) + " to " +
         std::to_string(totals.range.second);
}

inline Summary summary_of(const User& user, const Kept& kept) {
  const Profile& profile = kept.profile;
  std::string text = std::to_string(profile.visits) + ", mean " + std::to_string(profile.mean) +
                     ", last " + text_of(profile.last) + ", note " + profile.note.value_or("none");
  text += profile.either.index() == 0 ? ", number " + std::to_string(std::get<0>(profile.either))
                                      : ", city " + std::get<1>(profile.either);
  for (const Place& place : profile.first_three) text += ", first " + text_of(place);
  for (const Place& place : kept.all) text += ", " + text_of(place);
  for (const auto& [place, totals] : kept.by_place)
    text += ", at " + text_of(place) + " " + text_of(totals);
  text += ", sum " + std::to_string(kept.sum) + ", spent " + std::to_string(kept.spent.cents()) +
          ", last " + kept.last + ", totals " + text_of(kept.totals);
  return {user, profile.visits, hash_of(text)};
}

/// By user, what the job writes for each of its visits, in order.
inline std::map<User, std::vector<Summary>> expected() {
  std::map<User, Kept> users;
  std::map<User, std::vector<Summary>> written;
  for (const Visit& visit : all_visits()) {
    const User user = user_of(visit);
    Kept& kept = users[user];
    kept.profile = visited(kept.profile, visit);
    kept.all.push_back(visit.place);
    kept.by_place[visit.place] = added(kept.by_place[visit.place], visit);
    kept.sum += visit.number;
    kept.totals = added(kept.totals, visit);
    kept.spent = Money{kept.spent.cents() + visit.place.zip};
    kept.last = text_of(visit.place);
    written[user].push_back(summary_of(user, kept));
  }
  return written;
}

class Keeper final : public KeyedProcess<User, Visit, Summary> {
public:
  void on_record(const Visit& visit, Ctx& ctx, Emit<Summary>& out) override {
    profile_.set(visited(profile_.value_or({}), visit));
    all_.add(visit.place);
    by_place_.put(visit.place, added(by_place_.get(visit.place).value_or(Totals{}), visit));
    sum_.add(visit.number);
    totals_.add(visit);
    spent_.set(Money{spent_.value_or(Money{}).cents() + visit.place.zip});
    last_.set(text_of(visit.place));
    out(summary_of(ctx.key(),
                   {profile_.value_or({}), all_.get(), by_place_.entries(), sum_.get().value_or(0),
                    *totals_.find(), spent_.value_or(Money{}), last_.value_or("")}));
  }

private:
  ValueState<Profile> profile_{*this, "profile"};
  ListState<Place> all_{*this, "all"};
  MapState<Place, Totals> by_place_{*this, "by-place"};
  ReducingState<std::int64_t> sum_{*this, "sum",
                                   [](std::int64_t a, std::int64_t b) { return a + b; }};
  AggregatingState<Visit, Totals> totals_{
      *this, "totals", Totals{},
      [](Totals& totals, const Visit& visit) { totals = added(totals, visit); }};
  ValueState<Money> spent_{*this, "spent"};
  ValueState<std::string> last_{*this, "last", ttl(std::chrono::hours{24 * 365 * 100})};
};

/// A sink whose transactions are what they write, so that any log can commit them.
class Log {
public:
  std::vector<Summary> rows() const {
    const std::lock_guard lock{store_->mutex};
    return store_->rows;
  }

  Sink<Summary> sink() const {
    return make_sink(
        [store = store_](const WriterContext&) { return std::make_unique<Out>(store); });
  }

private:
  struct Store {
    std::mutex mutex;
    std::vector<Summary> rows;
  };

  class Out final : public TransactionalWriter<Summary, std::vector<Summary>> {
  public:
    explicit Out(std::shared_ptr<Store> store) : store_{std::move(store)} {}
    void write(const Summary& row) override { open_.push_back(row); }
    std::optional<std::vector<Summary>> prepare() override {
      if (open_.empty()) return std::nullopt;
      return std::exchange(open_, {});
    }
    Status commit(const std::vector<Summary>& rows) override {
      const std::lock_guard lock{store_->mutex};
      store_->rows.insert(store_->rows.end(), rows.begin(), rows.end());
      return {};
    }

  private:
    std::shared_ptr<Store> store_;
    std::vector<Summary> open_;
  };

  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

inline Job make_job(const Log& log, JobOptions options) {
  static const testing::ReplayLog<Visit> visits{
      all_visits(), 2, {.rows_per_poll = 3, .pause = std::chrono::milliseconds{10}}};
  Job job{"golden", std::move(options)};
  job.source("visits", visits.source())
      .key_by(user_of)
      .process<Keeper>("profiles")
      .sink("log", log.sink());
  return job;
}

}  // namespace weir::test::golden
