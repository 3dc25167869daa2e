// Keys in a store: no encoded key is the beginning of another, so that all entries of a key, and
// no others, have one prefix.
#include "base/random.hpp"
#include "test/state/backends.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace weir;

namespace {

struct Place {
  std::string city;
  std::optional<std::int32_t> number;
  std::vector<std::string> floors;
};

/// A codec of a job's own, whose bytes are the beginning of each other's.
struct Word {
  std::string text;
};

std::string text(base::Random& random) {
  constexpr std::string_view kLetters{"\0\1a\xff", 4};
  std::string drawn;
  for (auto n = random.below(4); n != 0; --n) drawn += kLetters[random.below(kLetters.size())];
  if (random.chance(0.05)) drawn.append(130, 'a');  // its length takes two bytes
  return drawn;
}

/// Checks many values: sorted, a beginning stands right before what it begins.
template <class Draw>
void check_prefixes(Draw draw) {
  base::Random random{1};
  std::set<Bytes> encoded;
  for (int i = 0; i < 3000; ++i) {
    ByteWriter out;
    weir::encode(draw(random), out);
    encoded.insert(out.take());
  }
  CHECK(encoded.size() > 1);
  for (auto at = encoded.begin(); std::next(at) != encoded.end(); ++at) {
    const bool is_beginning = std::next(at)->starts_with(*at);
    REQUIRE_FALSE(is_beginning);
  }
}

}  // namespace

template <>
struct weir::Codec<Word> {
  static void encode(const Word& word, ByteWriter& out) {
    out.put_raw(word.text.data(), word.text.size());
  }
  static Word decode(ByteReader& in) { return {std::string{in.get_raw(in.remaining())}}; }
  static std::string schema() { return "word"; }
};

TEST_CASE("no encoded key is the beginning of another", "[keys]") {
  check_prefixes([](auto& r) { return static_cast<std::int64_t>(r.below(1000)) - 500; });
  check_prefixes([](auto& r) { return static_cast<std::uint8_t>(r.below(256)); });
  check_prefixes([](auto& r) { return text(r); });
  check_prefixes([](auto& r) { return std::pair{text(r), text(r)}; });
  check_prefixes([](auto& r) { return std::tuple{r.chance(0.5), text(r), r.below(300)}; });
  check_prefixes([](auto& r) { return std::vector<std::string>(r.below(3), text(r)); });
  check_prefixes([](auto& r) { return std::vector<std::uint16_t>(r.below(200), 7); });
  check_prefixes([](auto& r) { return std::array{text(r), text(r)}; });
  check_prefixes([](auto& r) { return r.chance(0.1) ? std::nullopt : std::optional{text(r)}; });
  check_prefixes([](auto& r) {
    std::variant<std::uint8_t, std::string> either{std::uint8_t{1}};
    if (r.chance(0.9)) either = text(r);
    return either;
  });
  check_prefixes([](auto& r) {
    return Place{text(r), r.below(2), std::vector<std::string>(r.below(3), text(r))};
  });
  check_prefixes([](auto& r) { return Word{text(r)}; });
}

TEST_CASE("a map shows its own entries, whatever its key begins with", "[keys]") {
  struct Maps : StateOwner {
    MapState<std::string, int> map{*this, "map"};
  } owner;
  test::Backends backends;
  detail::KeyedStateOf<std::string> state{
      {0, 1},
      1,  // one key group: only the keys tell them apart
      owner.declared_states(),
      backends.tiny()->open("op", detail::store_columns(owner.declared_states()))};
  owner.bind_states(state);
  const std::vector<std::string> keys{"", "a", "aa", "ab", std::string{"a\0", 2}, "\xff", "b"};
  const auto visit = [&](const std::string& key, auto&& body) {
    state.backed()->keep_budget();
    state.enter(hash_of(key), key);
    body();
    state.leave();
  };
  for (const std::string& key : keys) {
    visit(key, [&] {
      for (const std::string& entry : keys) owner.map.put(entry, static_cast<int>(key.size()));
    });
  }
  for (int i = 0; i < 200; ++i)  // drives the rows out of memory
    visit("other " + std::to_string(i), [&] { owner.map.put("x", 9); });
  visit("a", [&] { owner.map.clear(); });
  for (int i = 0; i < 200; ++i) visit("more " + std::to_string(i), [&] { owner.map.put("x", 9); });
  for (const std::string& key : keys) {
    visit(key, [&] {
      std::map<std::string, int> expected;
      if (key != "a") {
        for (const std::string& entry : keys) expected[entry] = static_cast<int>(key.size());
      }
      CHECK(owner.map.entries() == expected);
    });
  }
}
