// The orders job, apart from its main so that tests can build it as well.
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace orders {

struct Order {
  std::int64_t number = 0;
  std::string user = {};
  std::int64_t cents = 0;
  weir::Timestamp at = {};
};

/// What a user has ordered in ten minutes.
struct Summary {
  std::string user = {};
  weir::Timestamp start = {};
  weir::Timestamp end = {};
  std::int64_t orders = 0;
  std::int64_t cents = 0;
};

inline constexpr std::chrono::minutes kWindow{10};
inline constexpr std::chrono::seconds kLag{5};       // what comes later than that may be late
inline constexpr std::chrono::seconds kDistance{2};  // from one order to the next
inline constexpr std::uint64_t kUsers = 50;

/// Order `number` of an endless, made-up day: each a little out of order, one of 500 by an hour.
inline Order order(std::int64_t number) {
  const std::uint64_t random = weir::mix(static_cast<std::uint64_t>(number));
  const bool is_late = random % 500 == 0;
  const std::chrono::milliseconds disorder{random / 500 % 4000};
  const weir::Timestamp begin{std::chrono::hours{24 * 365 * 50}};
  return {number, "user-" + std::to_string(random / 7 % kUsers),
          static_cast<std::int64_t>(random / 1000 % 100'000),
          begin + number * kDistance - disorder -
              (is_late ? std::chrono::hours{1} : std::chrono::hours{0})};
}

/// Totals by user and ten minutes; what comes too late for that goes elsewhere.
inline void build(weir::Job& job, weir::Source<std::int64_t> numbers, weir::Sink<Summary> summaries,
                  weir::Sink<Order> late) {
  struct Total {
    std::int64_t orders = 0;
    std::int64_t cents = 0;
  };
  // Straight behind the source: each of its splits has a watermark of its own, so one may be ahead
  // of another.
  job.source("numbers", std::move(numbers))
      .event_time([](std::int64_t number) { return order(number).at; }, weir::bounded_lag(kLag))
      .map("orders", order)
      .key_by(&Order::user)
      .window(weir::tumbling(kWindow))
      .late("late", std::move(late))
      .aggregate(
          "totals", Total{},
          [](Total& total, const Order& order) {
            ++total.orders;
            total.cents += order.cents;
          },
          [](Total& total, const Total& later) {
            total.orders += later.orders;
            total.cents += later.cents;
          },
          [](const std::string& user, const weir::Window& window, const Total& total) {
            return Summary{user, window.start, window.end, total.orders, total.cents};
          })
      .sink("summaries", std::move(summaries));
}

}  // namespace orders
