// FlatMap beside a std::map.
#include "base/random.hpp"

#include <weir/detail/flat_map.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <string>

using namespace weir;
using detail::FlatMap;

namespace {

using Map = std::map<int, std::string>;
using Flat = FlatMap<int, std::string>;

void check_same(const Flat& flat, const Map& map) {
  REQUIRE(flat.size() == map.size());
  REQUIRE(flat.empty() == map.empty());
  REQUIRE(std::equal(
      flat.begin(), flat.end(), map.begin(), map.end(),
      [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
}

/// What is found for a key.
template <class M>
std::string found(M& map, int key) {
  const auto describe = [&](auto at) {
    return at == map.end() ? std::string{"none"} : std::to_string(at->first) + at->second;
  };
  return describe(map.find(key)) + " " + describe(map.lower_bound(key)) + " " +
         describe(map.upper_bound(key)) + (map.contains(key) ? " in" : " out");
}

}  // namespace

TEST_CASE("random changes of a flat map are those of a std::map", "[flat_map]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const bool ascends = random.chance(0.5);  // and goes in that order
    Flat flat;
    Map map;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t range = ascends ? 8 : 40;
      const int key = (ascends ? step : 0) + static_cast<int>(random.below(range));
      const std::string value(random.below(40), 'x');
      switch (random.below(9)) {
        case 0:
        case 1:
          flat.insert_or_assign(key, value);
          map.insert_or_assign(key, value);
          break;
        case 2:
          flat.emplace(key, value);
          map.emplace(key, value);
          break;
        case 3:
          flat.erase(key);
          map.erase(key);
          break;
        case 4:
        case 5:
          if (map.empty()) break;
          flat.erase(flat.begin()->first);
          map.erase(map.begin());
          break;
        case 6:
          if (const auto at = map.find(key); at != map.end()) {
            flat.find(key)->second += "y";
            at->second += "y";
          }
          break;
        case 7:
          if (random.chance(0.5)) {
            const auto is_odd = [](const auto& entry) { return entry.first % 2 != 0; };
            erase_if(flat, is_odd);
            std::erase_if(map, is_odd);
          }
          break;
        default:
          if (random.chance(0.1)) {
            Flat copy{flat};
            flat.clear();
            check_same(flat, {});
            flat = std::move(copy);
          }
      }
      check_same(flat, map);
      REQUIRE(found(flat, key) == found(map, key));
    }
    ByteWriter of_flat;
    ByteWriter of_map;
    encode(flat, of_flat);
    encode(map, of_map);
    CHECK(of_flat.view() == of_map.view());
    ByteReader in{of_map.view()};
    check_same(decode<Flat>(in), map);
  }
  CHECK(schema<Flat>() == schema<Map>());
}

TEST_CASE("what a removed entry of a flat map owns is gone at once", "[flat_map]") {
  FlatMap<int, std::shared_ptr<int>> flat;
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 5; ++i) flat.insert_or_assign(i, value);
  flat.erase(0);
  CHECK(value.use_count() == 5);
  flat.erase(3);
  CHECK(value.use_count() == 4);
  flat = {};
  CHECK(value.use_count() == 1);
}
