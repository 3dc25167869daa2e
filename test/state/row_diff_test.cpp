// The difference of two frozen versions of a table against that of two maps.
#include "state/row_diff.hpp"

#include "base/random.hpp"

#include <weir/detail/cow.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::detail;
using weir::base::Random;

namespace {

constexpr std::uint32_t kGroups = 4;

template <class K, class V>
struct Table {
  using Rows = std::map<K, V>;

  V* column(char* row) const { return reinterpret_cast<V*>(row + rows.layout().columns[0].offset); }
  void put(const K& key, V value) {
    const auto [row, is_new] = rows.upsert(hash_of(key), key);
    if (is_new)
      ::new (column(row)) V(std::move(value));
    else
      *column(row) = std::move(value);
  }
  void erase(const K& key) {
    if (char* row = rows.find_writable(hash_of(key), key)) rows.erase(hash_of(key), row);
  }

  RowTable rows{RowLayout::of<K>({&type_of<V>()}), {0, kGroups}, kGroups};
};

/// A table that is changed at random, and some versions of it.
template <class K, class V>
class Versions {
public:
  explicit Versions(std::uint64_t seed) : random_{seed} {}
  ~Versions() {
    while (!frozen_.empty()) release(0);
  }

  /// Most changes fall on few keys, so that pages have rows that stay.
  void change(std::size_t times, int keys) {
    for (std::size_t i = 0; i < times; ++i) {
      const int n = static_cast<int>(random_.below(static_cast<std::uint64_t>(keys)));
      if (random_.chance(0.3)) {
        table_.erase(key_of(n));
        model_.erase(key_of(n));
      } else {
        const V value = value_of(static_cast<int>(random_.below(3)));
        table_.put(key_of(n), value);
        model_[key_of(n)] = value;
      }
    }
  }
  void freeze() {
    frozen_.push_back(table_.rows.freeze());
    models_.push_back(model_);
  }
  void release(std::size_t i) {
    table_.rows.release(std::move(frozen_[i]));
    frozen_.erase(frozen_.begin() + static_cast<std::ptrdiff_t>(i));
    models_.erase(models_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::size_t count() const { return frozen_.size(); }

  /// Returns the number of rows that differ.
  std::size_t check(std::size_t older, std::size_t newer) const {
    std::map<K, V> put;
    std::set<K> gone;
    for (std::uint32_t group = 0; group < kGroups; ++group) {
      const state::RowDiff diff = state::diff_rows(frozen_[older], frozen_[newer], group);
      for (const char* row : diff.put) REQUIRE(put.emplace(key(row), value(row)).second);
      for (const char* row : diff.gone) REQUIRE(gone.insert(key(row)).second);
    }
    std::map<K, V> expected_put;
    std::set<K> expected_gone;
    for (const auto& [k, v] : models_[newer]) {
      const auto before = models_[older].find(k);
      if (before == models_[older].end() || !(before->second == v)) expected_put.emplace(k, v);
    }
    for (const auto& [k, v] : models_[older]) {
      if (!models_[newer].contains(k)) expected_gone.insert(k);
    }
    REQUIRE(put == expected_put);
    REQUIRE(gone == expected_gone);
    return put.size() + gone.size();
  }

private:
  static K key_of(int n) {
    if constexpr (std::is_same_v<K, std::string>)
      return "a key that owns memory " + std::to_string(n);
    else
      return n;
  }
  static V value_of(int n) {
    if constexpr (std::is_same_v<V, std::string>)
      return std::string(static_cast<std::size_t>(n) * 20, 'v');
    else
      return n;
  }
  static const K& key(const char* row) { return *reinterpret_cast<const K*>(row); }
  const V& value(const char* row) const {
    return *reinterpret_cast<const V*>(row + table_.rows.layout().columns[0].offset);
  }

  Random random_;
  Table<K, V> table_;
  std::map<K, V> model_;
  std::deque<FrozenRows> frozen_;
  std::deque<std::map<K, V>> models_;
};

template <class K, class V>
void try_versions(std::uint64_t seed) {
  Random random{seed};
  Versions<K, V> versions{seed};
  for (int i = 0; i < 60; ++i) {
    // Now and then many, so that pages are split in between.
    versions.change(random.chance(0.1) ? 3000 : random.below(40), random.chance(0.3) ? 6000 : 500);
    versions.freeze();
    for (std::size_t older = 0; older + 1 < versions.count(); ++older)
      versions.check(older, versions.count() - 1);
    while (versions.count() > 4) versions.release(random.below(versions.count()));
  }
}

}  // namespace

TEST_CASE("of two versions exactly the rows are found that differ", "[diff]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    try_versions<int, int>(seed);
    try_versions<std::string, std::string>(seed);
  }
}

TEST_CASE("a version does not differ from itself, nor from a later one without changes", "[diff]") {
  Versions<int, int> versions{1};
  versions.change(2000, 1000);
  versions.freeze();
  versions.freeze();
  CHECK(versions.check(0, 0) == 0);
  CHECK(versions.check(0, 1) == 0);
}

TEST_CASE("what grows out of nothing, and comes to nothing, differs in all rows", "[diff]") {
  Table<int, int> table;
  std::vector<FrozenRows> frozen;
  frozen.push_back(table.rows.freeze());
  for (int i = 0; i < 5000; ++i) table.put(i, i);
  frozen.push_back(table.rows.freeze());
  for (int i = 0; i < 5000; ++i) table.erase(i);
  frozen.push_back(table.rows.freeze());
  std::size_t grown = 0;
  std::size_t gone = 0;
  for (std::uint32_t group = 0; group < kGroups; ++group) {
    grown += state::diff_rows(frozen[0], frozen[1], group).put.size();
    gone += state::diff_rows(frozen[1], frozen[2], group).gone.size();
    CHECK(state::diff_rows(frozen[0], frozen[2], group).put.empty());
    CHECK(state::diff_rows(frozen[0], frozen[2], group).gone.empty());
  }
  CHECK(grown == 5000);
  CHECK(gone == 5000);
  for (FrozenRows& rows : frozen) table.rows.release(std::move(rows));
}
