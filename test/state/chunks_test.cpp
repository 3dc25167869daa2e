// Chunks and ChunkMap against plain containers, and what a copy of them costs.
#include "base/random.hpp"

#include <weir/detail/chunks.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace weir;
using namespace weir::detail;

namespace {

/// Counts how often any of its kind was copied.
struct Counted {
  explicit Counted(int n) : number{n} {}
  Counted(const Counted& other) : number{other.number} { ++copies; }
  Counted(Counted&&) noexcept = default;
  Counted& operator=(const Counted& other) {
    number = other.number;
    ++copies;
    return *this;
  }
  Counted& operator=(Counted&&) noexcept = default;
  ~Counted() = default;

  int number;
  inline static std::size_t copies = 0;
};

template <class Collection>
auto all_of(const Collection& collection) {
  return std::vector<typename Collection::value_type>(collection.begin(), collection.end());
}

}  // namespace

TEST_CASE("chunks hold what was added, in that order", "[chunks]") {
  Chunks<int> chunks;
  CHECK(chunks.begin() == chunks.end());
  std::vector<int> model;
  const auto n = static_cast<int>(3 * Chunks<int>::kChunkElements + 1);
  for (int i = 0; i < n; ++i) {
    chunks.push_back(i);
    model.push_back(i);
  }
  CHECK(chunks.size() == model.size());
  CHECK(all_of(chunks) == model);
  chunks.clear();
  CHECK(chunks.size() == 0);
  CHECK(chunks.begin() == chunks.end());
  chunks.push_back(7);
  CHECK(all_of(chunks) == std::vector<int>{7});
}

TEST_CASE("chunks hold bools", "[chunks]") {
  Chunks<bool> chunks;
  chunks.push_back(true);
  chunks.push_back(false);
  CHECK(all_of(chunks) == std::vector<bool>{true, false});
}

TEST_CASE("a copy of chunks copies no element, and a change behind it just one chunk", "[chunks]") {
  Chunks<Counted> chunks;
  for (int i = 0; i < 100'000; ++i) chunks.push_back(Counted{i});
  Counted::copies = 0;
  const Chunks<Counted> frozen = chunks;
  CHECK(Counted::copies == 0);
  chunks.push_back(Counted{-1});
  CHECK(Counted::copies <= Chunks<Counted>::kChunkElements);
  const std::size_t before = Counted::copies;
  for (int i = 0; i < 100'000; ++i) chunks.push_back(Counted{i});
  CHECK(Counted::copies == before);
  CHECK(frozen.size() == 100'000);
  int next = 0;
  for (const Counted& element : frozen) REQUIRE(element.number == next++);
  CHECK(next == 100'000);
}

TEST_CASE("a map in chunks does what std::map does, and its copies stay as they were", "[chunks]") {
  using Map = ChunkMap<int, std::string>;
  using Model = std::map<int, std::string>;
  const auto is_equal = [](const Map& map, const Model& model) {
    return map.size() == model.size() && std::equal(map.begin(), map.end(), model.begin(),
                                                    model.end(), [](const auto& a, const auto& b) {
                                                      return a.first == b.first &&
                                                             a.second == b.second;
                                                    });
  };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Map map;
    Model model;
    std::vector<std::pair<Map, Model>> frozen;
    for (int step = 0; step < 20'000; ++step) {
      const int key = static_cast<int>(random.below(3000));
      const bool fills = step / 5000 % 2 == 0;
      if (random.below(4) < (fills ? 3U : 1U)) {
        map.put(key, std::to_string(step));
        model[key] = std::to_string(step);
      } else {
        REQUIRE(map.erase(key) == (model.erase(key) == 1));
      }
      const std::string* found = map.find(key);
      REQUIRE((found != nullptr) == model.contains(key));
      if (found != nullptr) REQUIRE(*found == model[key]);
      if (random.below(1000) == 0) frozen.emplace_back(map, model);
    }
    CHECK(is_equal(map, model));
    REQUIRE(frozen.size() > 5);
    for (const auto& [copy, then] : frozen) REQUIRE(is_equal(copy, then));
    while (!model.empty()) {
      REQUIRE(map.erase(model.begin()->first));
      model.erase(model.begin());
    }
    CHECK(map.begin() == map.end());
  }
}

TEST_CASE("a change of a map behind a copy copies one chunk", "[chunks]") {
  ChunkMap<int, Counted> map;
  for (int i = 0; i < 100'000; ++i) map.put(i, Counted{i});
  Counted::copies = 0;
  const ChunkMap<int, Counted> frozen = map;
  map.put(50'000, Counted{-1});
  CHECK(Counted::copies > 0);
  CHECK(Counted::copies <= ChunkMap<int, Counted>::kChunkElements);
  CHECK(frozen.find(50'000)->number == 50'000);
  CHECK(map.find(50'000)->number == -1);
}
