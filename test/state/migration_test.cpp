// How values of types that have changed become values of today: every rule and every refusal.
// Random types: random_migration_test.cpp.
#include "state/migration.hpp"

#include <weir/detail/expiring.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using namespace weir;
using namespace weir::state;

namespace {

/// Money as its codec writes it today, in version 3.
struct Money {
  std::int64_t cents = 0;
  std::string currency = "EUR";
};
/// The same in version 1, for writing.
struct OldMoney {
  std::int32_t euros = 0;
};
struct Stubborn {
  int value = 0;
};

}  // namespace

template <>
struct weir::Codec<Money> {
  static constexpr std::uint32_t version = 3;
  static void encode(const Money& money, ByteWriter& out) {
    out.put(money.cents);
    out.put_string(money.currency);
  }
  static Money decode(ByteReader& in) {
    return {in.get<std::int64_t>(), std::string{in.get_string()}};
  }
  static Money decode_from(std::uint32_t written, ByteReader& in) {
    if (written == 1) return {in.get<std::int32_t>() * 100, "DEM"};
    return {in.get<std::int64_t>()};
  }
  static std::string schema() { return "money"; }
};
template <>
struct weir::Codec<OldMoney> {
  static void encode(const OldMoney& money, ByteWriter& out) { out.put(money.euros); }
  static OldMoney decode(ByteReader& in) { return {in.get<std::int32_t>()}; }
  static std::string schema() { return "money"; }
};
template <>
struct weir::Codec<Stubborn> {
  static constexpr std::uint32_t version = 2;
  static void encode(const Stubborn& s, ByteWriter& out) { out.put(s.value); }
  static Stubborn decode(ByteReader& in) { return {in.get<int>()}; }
  static std::string schema() { return "money"; }
};

namespace {

template <class T>
Bytes bytes_of(const T& value) {
  ByteWriter out;
  encode(value, out);
  return out.take();
}

template <class New>
Migration to(const std::string& written) {
  std::vector<detail::TypePart> parts;
  detail::list_parts<New>(parts);
  return Migration::plan(Schema::parse(written).value(), Schema::parse(schema<New>()).value(),
                         parts);
}

/// Migrates a value and decodes it.
template <class New, class Old>
New migrated(const Old& old) {
  const Migration migration = to<New>(schema<Old>());
  REQUIRE(migration.problems() == std::vector<std::string>{});
  REQUIRE(migration.is_needed());
  const Bytes bytes = bytes_of(old) + "behind";
  ByteReader in{bytes};
  ByteWriter out;
  migration.run(in, out);
  REQUIRE(in.ok());
  CHECK(in.remaining() == 6);
  ByteReader again{out.view()};
  New value = decode<New>(again);
  REQUIRE(again.ok());
  REQUIRE(again.at_end());
  return value;
}

/// The one problem that there is.
std::string problem_of(const Migration& migration) {
  REQUIRE(migration.problems().size() == 1);
  return migration.problems()[0];
}

namespace v1 {
struct Address {
  std::string city;
  std::uint32_t zip = 0;
};
struct User {
  std::int64_t id = 0;
  std::string name;
  Address home;
  friend auto operator<=>(const User& a, const User& b) { return a.id <=> b.id; }
};
}  // namespace v1

/// A street is new, a country has a default of its own; the name is gone; the order is another.
namespace v2 {
struct Address {
  std::string country = "de";
  std::uint32_t zip = 0;
  std::string city;
  friend bool operator==(const Address&, const Address&) = default;
};
struct User {
  Address home{"fr", 1, "?"};
  std::int64_t id = -1;
  std::optional<Address> office = Address{"at", 2, "Wien"};
  friend bool operator==(const User&, const User&) = default;
};
}  // namespace v2

const v1::User kUser{7, "ada", {"Ulm", 89'073}};
const v2::Address kAddress{"de", 89'073, "Ulm"};
const v2::User kMigrated{kAddress, 7, v2::Address{"at", 2, "Wien"}};

}  // namespace

TEST_CASE("values of equal types stay as they are, with or without names", "[migration]") {
  for (const char* written : {"{id:i64,name:str,home:{city:str,zip:u32}}", "(i64,str,(str,u32))",
                              "{id:i64,name:str,home:(str,u32)}"}) {
    const Migration migration = to<v1::User>(written);
    CHECK(migration.problems().empty());
    CHECK(migration.changes().empty());
    CHECK_FALSE(migration.is_needed());
  }
  CHECK_FALSE(to<std::pair<int, std::string>>("{a:i32,b:str}").is_needed());
  CHECK_FALSE(to<Money>("x:money@3").is_needed());
  CHECK_FALSE(to<OldMoney>("x:money").is_needed());
}

TEST_CASE("fields are found by name, wherever they have gone; new ones have their defaults",
          "[migration]") {
  CHECK(migrated<v2::User>(kUser) == kMigrated);
  CHECK(to<v2::User>(schema<v1::User>()).changes() ==
        std::vector<std::string>{".home.country is new", ".office is new", ".name is dropped"});
  struct Renamed {
    std::int64_t number = 5;
    std::string name;
    v1::Address home;
  };
  const auto renamed = migrated<Renamed>(kUser);  // one field less and another more
  CHECK(renamed.number == 5);
  CHECK(renamed.name == "ada");
  CHECK(to<Renamed>(schema<v1::User>()).changes() ==
        std::vector<std::string>{".number is new", ".id is dropped"});
  struct Swapped {
    std::string city;
    std::string name;
  };
  struct Before {
    std::string name, city;
  };
  CHECK(migrated<Swapped>(Before{"ada", "Ulm"}).city == "Ulm");
  CHECK(to<Swapped>(schema<Before>()).changes().empty());
}

TEST_CASE("what changes inside of anything is found there", "[migration]") {
  using v1::User;
  using New = v2::User;
  CHECK(migrated<std::vector<New>>(std::vector{kUser, kUser}) == std::vector{kMigrated, kMigrated});
  CHECK(migrated<std::optional<New>>(std::optional{kUser}) == kMigrated);
  CHECK_FALSE(migrated<std::optional<New>>(std::optional<User>{}));
  CHECK(migrated<std::map<int, New>>(std::map<int, User>{{1, kUser}}).at(1) == kMigrated);
  CHECK(migrated<std::array<New, 2>>(std::array{kUser, kUser})[1] == kMigrated);
  CHECK(std::get<1>(migrated<std::tuple<int, New, bool>>(std::tuple{1, kUser, true})) == kMigrated);
  using Either = std::variant<int, User, std::string>;
  using NewEither = std::variant<int, New, std::string>;
  CHECK(migrated<NewEither>(Either{kUser}) == NewEither{kMigrated});
  CHECK(migrated<NewEither>(Either{"text"}) == NewEither{"text"});
  const auto living = migrated<detail::Expiring<New>>(detail::Expiring<User>{123, kUser});
  CHECK(living.touched == 123);
  CHECK(living.value == kMigrated);
  CHECK(migrated<std::map<v1::User, v2::Address>>(
            std::map<v1::User, v1::Address>{{kUser, kUser.home}})
            .begin()
            ->second == kAddress);
}

TEST_CASE("a codec reads what its older versions wrote, wherever that lies", "[migration]") {
  CHECK(schema<OldMoney>() == "x:money");
  CHECK(schema<Money>() == "x:money@3");
  CHECK(migrated<Money>(OldMoney{5}).cents == 500);
  const auto all = migrated<std::vector<Money>>(std::vector<OldMoney>{{1}, {2}});
  CHECK(all.at(1).cents == 200);
  CHECK(all.at(1).currency == "DEM");
  CHECK(to<std::map<int, Money>>("<i32:x:money@2>").changes() ==
        std::vector<std::string>{"[value] goes from version 2 to 3"});
  const Migration migration = to<std::pair<Money, Money>>("(x:money,x:money@2)");
  ByteWriter written;
  written.put<std::uint32_t>(4);
  written.put<std::int32_t>(3);
  written.put<std::uint32_t>(8);
  written.put<std::int64_t>(77);
  ByteReader in{written.view()};
  ByteWriter out;
  migration.run(in, out);
  CHECK(out.view() == bytes_of(std::pair{Money{300, "DEM"}, Money{77}}));
}

TEST_CASE("a codec that leaves bytes of an older version, or wants more, is noticed",
          "[migration]") {
  const Migration migration = to<Money>("x:money@2");  // of eight bytes
  for (const std::uint32_t size : {7U, 8U, 9U}) {
    ByteWriter written;
    written.put(size);
    written.put_raw("123456789", size);
    ByteReader in{written.view()};
    ByteWriter out;
    migration.run(in, out);
    CHECK(in.ok() == (size == 8));
  }
}

TEST_CASE("each part of a type that a schema names is known", "[migration]") {
  using All =
      std::tuple<v2::User, std::map<v1::User, std::vector<Money>>, std::set<int>,
                 std::variant<v1::Address, OldMoney>, std::optional<std::array<v1::User, 2>>,
                 std::chrono::milliseconds, detail::Expiring<Stubborn>>;
  std::vector<detail::TypePart> parts;
  detail::list_parts<All>(parts);
  const std::string text = schema<All>();
  const auto named = static_cast<std::size_t>(std::count(text.begin(), text.end(), '{'));
  CHECK(parts.size() == named + 3);  // and three codecs
  std::vector<bool> upgrades;
  for (const auto& part : parts) upgrades.push_back(part.upgrade != nullptr);
  CHECK(std::count(upgrades.begin(), upgrades.end(), true) == 1);
  CHECK(upgrades[5]);  // User, Address, Address, User, Address, Money
}

TEST_CASE("what cannot become what is declared is refused, with where and what to do",
          "[migration]") {
  struct Wide {
    std::int64_t id = 0;
    std::string name;
    struct {
      std::string city;
      std::string zip;
    } home;
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    CHECK_THAT(text, Catch::Contains(part));
  };
  struct Case {
    Migration migration;
    std::string problem;
  };
  const std::string user = schema<v1::User>();
  using Expiring = detail::Expiring<int>;
  const std::vector<Case> cases{
      {to<Wide>(user), ".home.zip: u32 -> str; go back to the old type"},
      {to<std::vector<Wide>>("[" + user + "]"), "[].home.zip: u32 -> str"},
      {to<std::map<int, Wide>>("<i32:" + user + ">"), "[value].home.zip: u32 -> str"},
      {to<std::variant<int, Wide>>("(i32/" + user + ")"), "/1.home.zip: u32 -> str"},
      {to<std::pair<int, Wide>>("(i32," + user + ")"), ".1.home.zip: u32 -> str"},
      {to<std::int64_t>("i32"), "i32 -> i64; go back"},
      {to<std::int32_t>("u32"), "u32 -> i32"},
      {to<double>("f32"), "f32 -> f64"},
      {to<std::optional<int>>("i32"), "i32 -> ?i32"},
      {to<std::set<int>>("[i32]"), "[i32] -> <i32>"},
      {to<std::vector<int>>("i32*3"), "i32*3 -> [i32]"},
      {to<std::array<int, 4>>("i32*3"), "i32*3 -> i32*4"},
      {to<std::variant<int, bool>>("(i32/bool/str)"), "(i32 / bool / str) -> (i32 / bool)"},
      {to<std::variant<int, bool>>("(i32/u8)"), "/1: u8 -> bool"},
      {to<std::pair<int, int>>("(i32,i32,i32)"), "(i32, i32, i32) -> (i32, i32)"},
      {to<std::chrono::seconds>("dur:i64:1/1000"), "dur:i64:1/1000 -> dur:i64:1/1"},
      {to<std::int64_t>("dur:i64:1/1"), "dur:i64:1/1 -> i64"},
      {to<v2::User>("x:user"), "x:user -> {home: {country: str"},
      {to<Expiring>("i32"), "i32 -> ttl:i32: a state cannot get or lose its Ttl"},
      {to<std::vector<int>>("[ttl:i32]"), "[]: ttl:i32 -> i32: a state cannot get or lose its Ttl"},
      {to<std::map<int, Expiring>>("<i32:i32>"), "[value]: i32 -> ttl:i32: a state cannot get"},
      // Keys
      {to<std::map<v2::Address, int>>("<{city:str,zip:u32}:i32>"),
       "[key]: {city: str, zip: u32} -> {country: str, zip: u32, city: str}, but keys of maps"},
      {to<std::set<v2::Address>>("<{zip:u32,country:str,city:str}>"), "[]: {zip: u32, country"},
      {to<std::map<v1::User, int>>("<{number:i64,name:str,home:{city:str,zip:u32}}:i32>"),
       "keys of maps and elements of sets cannot change"},
      // Codecs
      {to<Money>("x:dollars@3"), "x:dollars@3 -> x:money@3"},
      {to<Money>("x:money@4"),
       "version 4 of the codec \"money\" wrote it, and the program has "
       "version 3; use a program that is not older"},
      {to<OldMoney>("x:money@3"), "version 3 of the codec"},
      {to<Stubborn>("x:money"), "the program has version 2, which has no decode_from; add it"},
      // Checkpoints without names
      {to<v2::User>("(i64,str,(str,u32))"), ".home: i64 -> {country: str, zip: u32, city: str}"},
  };
  for (const Case& refused : cases) {
    REQUIRE_FALSE(refused.migration.problems().empty());
    contains(refused.migration.problems()[0], refused.problem);
  }
  contains(problem_of(to<v1::Address>("(str,u32,bool)")),
           "(str, u32, bool) -> {city: str, zip: u32}, and names of fields were not written yet; "
           "continue once with the old type");
}

TEST_CASE("all problems of a type are named, not only the first", "[migration]") {
  struct New {
    std::string id;
    std::map<bool, std::string> names;
    int same = 0;
  };
  const auto problems = to<New>("{id:i32,names:<i32:i32>,same:i32}").problems();
  REQUIRE(problems.size() == 3);
  CHECK_THAT(problems[0], Catch::StartsWith(".id: i32 -> str"));
  CHECK_THAT(problems[1], Catch::StartsWith(".names[key]: i32 -> bool"));
  CHECK_THAT(problems[2], Catch::StartsWith(".names[value]: i32 -> str"));
}

TEST_CASE("a new field needs a default that can be made", "[migration]") {
  class NoDefault {
  public:
    explicit NoDefault(int) {}
  };
  struct Throws {
    int old = 0;
    int value = [] { return throw std::runtime_error{"no such thing"}, 1; }();
  };
  CHECK_THAT(problem_of(to<Throws>("{old:i32}")),
             Catch::Contains(".value: it is new, and its default cannot be made: no such thing"));
  const Migration without =
      Migration::plan(Schema::parse("{a:i32}").value(), Schema::parse("{a:i32,b:i32}").value(),
                      {detail::TypePart{}});
  CHECK_THAT(problem_of(without),
             Catch::Contains(".b: it is new, and the type that it was added to "
                             "cannot be made without arguments"));
  // To remove a field, or move it, none is needed.
  const Migration fewer = Migration::plan(Schema::parse("{a:i32,b:i32}").value(),
                                          Schema::parse("{b:i32}").value(), {detail::TypePart{}});
  CHECK(fewer.problems().empty());
}

TEST_CASE("entries of a store are migrated one by one, lists in their parts", "[migration]") {
  const std::string old = schema<v1::User>();
  const Bytes value = bytes_of(kUser);
  const auto run = [](const StateDescription& written, const detail::Type& type,
                      const Bytes& stored) {
    ByteWriter out;
    StoredMigration{written, type}.run(stored, out);
    return out.take();
  };
  using detail::StateKind;
  CHECK(run({"s", StateKind::value, old}, detail::type_of<v2::User>(), value) ==
        bytes_of(kMigrated));
  CHECK(run({"s", StateKind::map, "<i32:" + old + ">"}, detail::type_of<std::map<int, v2::User>>(),
            value) == bytes_of(kMigrated));
  const auto& list = detail::type_of<std::vector<v2::User>>();
  const StateDescription of_list{"s", StateKind::list, "[" + old + "]"};
  const Bytes parts = bytes_of(std::vector{kUser, kUser}) + bytes_of(std::vector{kUser});
  CHECK(run(of_list, list, parts) ==
        bytes_of(std::vector{kMigrated, kMigrated}) + bytes_of(std::vector{kMigrated}));
  CHECK_THROWS_AS(run(of_list, list, parts + "\x05"), detail::StoreError);
  CHECK_THROWS_AS(run({"s", StateKind::value, old}, detail::type_of<v2::User>(), value + "x"),
                  detail::StoreError);
}
