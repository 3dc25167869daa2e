// Sums of sliding windows out of the sums of their panes.
#include "base/random.hpp"

#include <weir/detail/sliding_sums.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace weir;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

using Panes = std::map<Timestamp, std::string>;

/// Concatenates: the order matters.
std::string naive(const Panes& panes, Timestamp start, Timestamp end) {
  std::string sum;
  for (auto pane = panes.lower_bound(start); pane != panes.end() && pane->first < end; ++pane)
    sum += pane->second;
  return sum;
}

}  // namespace

TEST_CASE("windows that slide over random panes have the sums of their panes, in their order",
          "[windows]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto size = static_cast<std::int64_t>(1 + random.below(20));
    const double density = random.chance(0.5) ? 0.1 : 0.8;
    Panes panes;
    detail::SlidingSums<std::string> sums;
    for (std::int64_t end = 1; end < 200; ++end) {
      if (random.chance(density))
        panes[at(end - 1)] = std::string(1, static_cast<char>('a' + random.below(26)));
      if (random.chance(0.2)) panes.erase(panes.begin(), panes.lower_bound(at(end - size)));
      const std::string expected = naive(panes, at(end - size), at(end));
      if (expected.empty() || random.chance(0.1)) continue;  // not every window is asked for
      const auto merge = [](std::string& sum, const std::string& later) { sum += later; };
      REQUIRE(sums.sum_of(panes, at(end - size), at(end), merge) == expected);
    }
  }
}

TEST_CASE("a pane is added about twice, however many windows it is in", "[windows]") {
  constexpr std::int64_t kSize = 1000;
  constexpr std::int64_t kWindows = 20'000;
  std::map<Timestamp, std::int64_t> panes;
  detail::SlidingSums<std::int64_t> sums;
  std::int64_t merges = 0;
  const auto merge = [&](std::int64_t& sum, std::int64_t later) {
    sum += later;
    ++merges;
  };
  for (std::int64_t end = 1; end <= kWindows; ++end) {
    panes[at(end - 1)] = 1;
    panes.erase(panes.begin(), panes.lower_bound(at(end - kSize)));
    REQUIRE(sums.sum_of(panes, at(end - kSize), at(end), merge) == std::min(end, kSize));
    REQUIRE(sums.size() <= kSize + 1);
  }
  CHECK(merges < 4 * kWindows);
}
