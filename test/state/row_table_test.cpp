// The row table against a plain map: random operations, snapshots in between, several layouts.
#include "base/random.hpp"

#include <weir/detail/cow.hpp>
#include <weir/detail/row_table.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

using namespace weir::detail;
using weir::base::Random;

namespace {

constexpr std::uint32_t kGroups = 8;
constexpr KeyGroupRange kAll{0, kGroups};

/// A table from K to one column of type V, used like a map.
template <class K, class V>
struct SmallTable {
  explicit SmallTable(KeyGroupRange range = kAll)
      : table{RowLayout::of<K>({&type_of<V>()}), range, kGroups} {}

  V* column(char* row) const {
    return reinterpret_cast<V*>(row + table.layout().columns[0].offset);
  }
  static const V& column(const FrozenRows& rows, const char* row) {
    return *reinterpret_cast<const V*>(row + rows.layout().columns[0].offset);
  }
  void put(const K& key, V value) {
    const auto [row, is_new] = table.upsert(weir::hash_of(key), key);
    if (is_new)
      ::new (column(row)) V(std::move(value));
    else
      *column(row) = std::move(value);
  }
  const V* get(const K& key) const {
    const char* row = table.find(weir::hash_of(key), key);
    return row != nullptr ? column(const_cast<char*>(row)) : nullptr;
  }
  bool erase(const K& key) {
    char* row = table.find_writable(weir::hash_of(key), key);
    if (row == nullptr) return false;
    table.erase(weir::hash_of(key), row);
    return true;
  }

  RowTable table;
};

template <class K, class V>
std::map<K, V> contents(const FrozenRows& rows) {
  std::map<K, V> result;
  for (std::uint32_t group = rows.range().begin; group < rows.range().end; ++group) {
    rows.for_each(group, [&](const char* row) {
      const K& key = *reinterpret_cast<const K*>(row);
      CHECK(key_position(weir::hash_of(key), kGroups).group == group);
      CHECK(result.emplace(key, SmallTable<K, V>::column(rows, row)).second);
    });
  }
  CHECK(result.size() == rows.rows());
  return result;
}

std::uint64_t number(std::uint64_t n) {
  return n;
}
std::string text(std::uint64_t n) {
  return "key-" + std::to_string(n) + std::string(n % 40, '.');  // short and long strings
}

/// Random upserts, erasures, snapshots and releases in any order, checked against std::map.
template <class K, class V, class MakeKey, class MakeValue>
void run_random_operations(std::uint64_t seed, MakeKey make_key, MakeValue make_value) {
  CAPTURE(seed);
  Random random{seed};
  SmallTable<K, V> table;
  std::map<K, V> model;
  struct Snapshot {
    FrozenRows rows;
    std::map<K, V> expected;
  };
  std::vector<Snapshot> snapshots;
  const std::uint64_t keys = 1 + random.below(3000);
  for (int step = 0; step < 6000; ++step) {
    const K key = make_key(random.below(keys));
    const std::uint64_t dice = random.below(1000);
    if (dice < 650) {
      V value = make_value(random.next());
      table.put(key, value);
      model[key] = std::move(value);
    } else if (dice < 990) {
      REQUIRE(table.erase(key) == (model.erase(key) == 1));
    } else if (dice < 995 && snapshots.size() < 4) {
      snapshots.push_back({table.table.freeze(), model});
    } else if (!snapshots.empty()) {
      const std::size_t at = random.below(snapshots.size());
      REQUIRE(contents<K, V>(snapshots[at].rows) == snapshots[at].expected);
      table.table.release(std::move(snapshots[at].rows));
      snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const V* found = table.get(key);
    const auto expected = model.find(key);
    REQUIRE((found != nullptr) == (expected != model.end()));
    if (found != nullptr) REQUIRE(*found == expected->second);
  }
  for (Snapshot& snapshot : snapshots) {
    REQUIRE(contents<K, V>(snapshot.rows) == snapshot.expected);
    table.table.release(std::move(snapshot.rows));
  }
  REQUIRE(table.table.rows() == model.size());
  FrozenRows last = table.table.freeze();
  REQUIRE(contents<K, V>(last) == model);
  table.table.release(std::move(last));
  table.table.clear();
  CHECK(table.table.rows() == 0);
  CHECK(table.table.page_bytes() == 0);
}

}  // namespace

TEST_CASE("a table behaves like a map, and each snapshot like a copy of it", "[row_table]") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    run_random_operations<std::uint64_t, std::uint64_t>(seed, number, number);
    run_random_operations<std::string, std::string>(seed, text, text);
    run_random_operations<std::string, std::uint64_t>(seed, text, number);
  }
}

TEST_CASE("many rows split pages and are all found", "[row_table]") {
  SmallTable<std::uint64_t, std::uint64_t> table;
  constexpr std::uint64_t kKeys = 300'000;
  for (std::uint64_t key = 0; key < kKeys; ++key) table.put(key, key * 3);
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const std::uint64_t* found = table.get(key);
    REQUIRE(found != nullptr);
    REQUIRE(*found == key * 3);
  }
  CHECK(table.get(kKeys) == nullptr);
  CHECK(table.table.page_bytes() < kKeys * 16 * 2);  // more than half of the memory is used
  for (std::uint64_t key = 0; key < kKeys; ++key) REQUIRE(table.erase(key));
  CHECK(table.table.rows() == 0);
  CHECK(table.table.page_bytes() == 0);
}

TEST_CASE("rows wider than a page work", "[row_table]") {
  struct Wide {
    std::array<std::uint64_t, 200> numbers;
    bool operator==(const Wide&) const = default;
  };
  run_random_operations<std::uint64_t, Wide>(3, number, [](std::uint64_t n) {
    Wide wide{};
    wide.numbers.fill(n);
    return wide;
  });
}

namespace {

/// A key whose hash is the same for all values.
struct Clash {
  std::uint64_t n;
  auto operator<=>(const Clash&) const = default;
};

}  // namespace

TEST_CASE("keys with equal hashes are chained, found, snapshotted and erased", "[row_table]") {
  RowLayout layout = RowLayout::of<Clash>({&type_of<std::uint64_t>()});
  layout.hash_key = [](const void*) { return std::uint64_t{42}; };
  RowTable table{layout, kAll, kGroups};
  const auto put = [&](std::uint64_t n, std::uint64_t value) {
    const auto [row, is_new] = table.upsert(42, Clash{n});
    *reinterpret_cast<std::uint64_t*>(row + layout.columns[0].offset) = value;
    return is_new;
  };
  constexpr std::uint64_t kKeys = 1500;  // several pages in one chain
  for (std::uint64_t n = 0; n < kKeys; ++n) REQUIRE(put(n, n));
  FrozenRows frozen = table.freeze();
  for (std::uint64_t n = 0; n < kKeys; n += 2) REQUIRE_FALSE(put(n, 7));
  for (std::uint64_t n = 1; n < kKeys; n += 2) {
    char* row = table.find_writable(42, Clash{n});
    REQUIRE(row != nullptr);
    table.erase(42, row);
  }
  std::size_t seen = 0;
  for (std::uint32_t group = 0; group < kGroups; ++group) {
    frozen.for_each(group, [&](const char* row) {
      const auto& key = *reinterpret_cast<const Clash*>(row);
      REQUIRE(*reinterpret_cast<const std::uint64_t*>(row + layout.columns[0].offset) == key.n);
      ++seen;
    });
  }
  CHECK(seen == kKeys);
  table.release(std::move(frozen));
  CHECK(table.rows() == kKeys / 2);
  CHECK(table.find(42, Clash{1}) == nullptr);
  CHECK(table.find(42, Clash{2}) != nullptr);
}

namespace {

/// A key that counts how often it is compared.
struct Compared {
  std::uint64_t n;
  friend bool operator==(const Compared& a, const Compared& b) {
    ++comparisons;
    return a.n == b.n;
  }
  static inline std::uint64_t comparisons = 0;
};

std::uint64_t clashing_hash(std::uint64_t n) {
  return n < 1000 ? 42 : weir::hash_of(n);
}

}  // namespace

TEST_CASE("rows that come in the order of their positions, as from a snapshot, are found at once",
          "[row_table]") {
  std::vector<std::uint64_t> keys(100'000);
  std::iota(keys.begin(), keys.end(), 0);
  std::sort(keys.begin(), keys.end(), [](std::uint64_t a, std::uint64_t b) {
    return weir::hash_of(Compared{a}) < weir::hash_of(Compared{b});
  });
  SmallTable<Compared, std::uint64_t> table;
  for (const std::uint64_t n : keys) table.put({n}, n);
  CHECK(table.table.page_bytes() < 4 * keys.size() * table.table.layout().stride);
  Compared::comparisons = 0;
  for (const std::uint64_t n : keys) REQUIRE(table.get({n}) != nullptr);
  CHECK(Compared::comparisons < 2 * keys.size());
}

TEST_CASE("a chain of equal hashes does not keep other rows", "[row_table]") {
  RowLayout layout = RowLayout::of<Compared>({&type_of<std::uint64_t>()});
  layout.hash_key = [](const void* row) {
    return clashing_hash(static_cast<const Compared*>(row)->n);
  };
  RowTable table{layout, {0, 1}, 1};
  constexpr std::uint64_t kKeys = 50'000;
  for (std::uint64_t n = 0; n < kKeys; ++n) {
    if (n == kKeys / 2) table.release(table.freeze());
    const auto [row, is_new] = table.upsert(clashing_hash(n), Compared{n});
    REQUIRE(is_new);
    *reinterpret_cast<std::uint64_t*>(row + layout.columns[0].offset) = n;
  }
  Compared::comparisons = 0;
  for (std::uint64_t n = 1000; n < kKeys; ++n)
    REQUIRE(table.find(clashing_hash(n), Compared{n}) != nullptr);
  CHECK(Compared::comparisons < 2 * kKeys);
  for (std::uint64_t n = 0; n < 1000; ++n)
    REQUIRE(table.find(clashing_hash(n), Compared{n}) != nullptr);
}

TEST_CASE("releasing snapshots in any order frees every old page", "[row_table]") {
  using Table = SmallTable<std::uint64_t, std::uint64_t>;
  std::vector<std::size_t> order{0, 1, 2};
  do {
    Table table;
    for (std::uint64_t key = 0; key < 5000; ++key) table.put(key, 0);
    const std::size_t before = table.table.page_bytes();
    std::vector<std::optional<FrozenRows>> snapshots;
    for (std::uint64_t round = 1; round <= 3; ++round) {
      snapshots.emplace_back(table.table.freeze());
      for (std::uint64_t key = 0; key < 5000; ++key) table.put(key, round);
    }
    CHECK(table.table.page_bytes() == 4 * before);
    for (const std::size_t i : order) {
      const auto seen = contents<std::uint64_t, std::uint64_t>(*snapshots[i]);
      for (const auto& [key, value] : seen) REQUIRE(value == i);
      table.table.release(std::move(*snapshots[i]));
      snapshots[i].reset();
    }
    CHECK(table.table.page_bytes() == before);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("without a live snapshot no page is cloned", "[row_table]") {
  SmallTable<std::uint64_t, std::uint64_t> table;
  for (std::uint64_t key = 0; key < 5000; ++key) table.put(key, 0);
  table.table.release(table.table.freeze());
  const char* before = table.table.find(weir::hash_of(std::uint64_t{7}), std::uint64_t{7});
  table.put(7, 1);
  CHECK(table.table.find(weir::hash_of(std::uint64_t{7}), std::uint64_t{7}) == before);
}

TEST_CASE("a table holds any range of key groups", "[row_table]") {
  SmallTable<std::uint64_t, std::uint64_t> table{KeyGroupRange{3, 5}};
  std::size_t rows = 0;
  for (std::uint64_t key = 0; key < 20'000; ++key) {
    const auto group = key_position(weir::hash_of(key), kGroups).group;
    if (!table.table.range().contains(group)) continue;
    table.put(key, key);
    ++rows;
  }
  FrozenRows frozen = table.table.freeze();
  CHECK((contents<std::uint64_t, std::uint64_t>(frozen).size()) == rows);
  table.table.release(std::move(frozen));
}

TEST_CASE("walking page by page visits every row once", "[row_table]") {
  SmallTable<std::uint64_t, std::uint64_t> table;
  for (std::uint64_t key = 0; key < 50'000; ++key) table.put(key, key);
  std::map<std::uint64_t, int> visits;
  for (std::uint32_t group = 0; group < kGroups; ++group) {
    std::size_t cursor = 0;
    do {
      cursor = table.table.visit_page(group, cursor, [&](const char* row) {
        ++visits[*reinterpret_cast<const std::uint64_t*>(row)];
      });
    } while (cursor != 0);
  }
  CHECK(visits.size() == 50'000);
  for (const auto& [key, count] : visits) REQUIRE(count == 1);
}
