// What must come out of the job of examples/orders, however it ran.
#pragma once

#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "examples/orders/orders.hpp"

namespace weir::test {

/// Requires that each of the first `count` orders counts once: in its ten minutes, or as a late
/// one. Which of them are late depends on when watermarks were made.
inline void check_orders(std::int64_t count, const std::vector<orders::Summary>& summaries,
                         const std::vector<orders::Order>& late) {
  using Place = std::pair<std::string, Timestamp>;  // user and start
  const auto place_of = [](const orders::Order& order) {
    const auto since = order.at.time_since_epoch() % orders::kWindow;
    return Place{order.user, order.at - since};
  };
  std::map<Place, std::pair<std::int64_t, std::int64_t>> expected;  // orders and cents
  for (std::int64_t n = 0; n < count; ++n) {
    const orders::Order order = orders::order(n);
    ++expected[place_of(order)].first;
    expected[place_of(order)].second += order.cents;
  }
  std::set<std::int64_t> seen;
  for (const orders::Order& order : late) {
    REQUIRE(seen.insert(order.number).second);
    --expected[place_of(order)].first;
    expected[place_of(order)].second -= order.cents;
    // Only one that is an hour behind the others can be late.
    REQUIRE(order.at < orders::order(order.number + 1).at - std::chrono::minutes{50});
  }
  for (const orders::Summary& summary : summaries) {
    const auto found = expected.find({summary.user, summary.start});
    REQUIRE(found != expected.end());
    REQUIRE(found->second == std::pair{summary.orders, summary.cents});
    REQUIRE(summary.end == summary.start + orders::kWindow);
    expected.erase(found);
  }
  for (const auto& [place, left] : expected) REQUIRE(left.first == 0);
}

}  // namespace weir::test
