// The fraud job, apart from its main so that tests can build it as well.
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace fraud {

struct Payment {
  std::int64_t number = 0;
  std::string account = {};
  std::int64_t cents = 0;
  weir::Timestamp at = {};
};

/// From `since` on, whoever spends more than `cents` within `span` is reported; until the next Rule
/// with this number holds.
struct Rule {
  int number = 0;
  std::int64_t cents = 0;
  std::chrono::minutes span{};
  weir::Timestamp since = {};
};

/// What a rule says while it holds.
struct Limit {
  std::int64_t cents = 0;
  std::chrono::minutes span{};

  friend bool operator==(const Limit&, const Limit&) = default;
};

struct Alert {
  int rule = 0;
  std::string account = {};
  std::int64_t cents = 0;  // spent within the span of the rule
  weir::Timestamp at = {};

  friend auto operator<=>(const Alert&, const Alert&) = default;
};

/// Reports accounts that spend more than the rules of that time allow.
///
/// Which rules hold is a matter of event time, not of which record came first: a payment waits
/// until event time has come to it. By then all rules that hold for it have come as well, since
/// event time is how far both streams are. So alerts are the same in each run, and after each
/// failure.
class Detector final : public weir::KeyedBroadcastProcess<std::string, Payment, Rule, Alert> {
public:
  static constexpr std::chrono::minutes kLongestSpan{60};

  void on_record(const Payment& payment, Ctx& ctx, weir::Emit<Alert>&) override {
    if (payment.at <= ctx.event_time()) return late_(payment);
    spent_.put(payment.at, spent_.get(payment.at).value_or(0) + payment.cents);
    ctx.event_timers().at(payment.at);
  }

  /// Rules are repeated by their feed, so that event time goes on; only changes are kept.
  void on_broadcast(const Rule& rule, BroadcastCtx& ctx, weir::Emit<Alert>&) override {
    Versions versions = rules_.get(rule.number).value_or(Versions{});
    const Limit limit{rule.cents, rule.span};
    const Limit* before = in_force(versions, rule.since);
    if (before != nullptr && *before == limit) return;
    versions[rule.since] = limit;
    ctx.edit(rules_).put(rule.number, std::move(versions));
  }

  void on_timer(weir::Timestamp at, Ctx& ctx, weir::Emit<Alert>& out) override {
    for (const auto& [number, versions] : rules_) {
      const Limit* limit = in_force(versions, at);
      if (limit == nullptr) continue;
      const std::int64_t spent = spent_between(at - limit->span, at);
      if (spent > limit->cents) out({number, ctx.key(), spent, at});
    }
    forget_before(at - kLongestSpan);
  }

private:
  using Versions = std::map<weir::Timestamp, Limit>;  // of a rule, by when they begin to hold

  /// The version that holds at a time; null if none does yet.
  static const Limit* in_force(const Versions& versions, weir::Timestamp at) {
    const auto next = versions.upper_bound(at);
    return next == versions.begin() ? nullptr : &std::prev(next)->second;
  }

  /// Adds up what was spent after one time, up to another.
  std::int64_t spent_between(weir::Timestamp after, weir::Timestamp until) const {
    std::int64_t sum = 0;
    const auto& spent = spent_.entries();
    for (auto one = spent.upper_bound(after); one != spent.end() && one->first <= until; ++one)
      sum += one->second;
    return sum;
  }

  void forget_before(weir::Timestamp time) {
    while (!spent_.entries().empty() && spent_.entries().begin()->first <= time)
      spent_.remove(spent_.entries().begin()->first);
  }

  weir::MapState<weir::Timestamp, std::int64_t> spent_{*this, "spent"};  // cents
  weir::ReadOnlyBroadcastState<int, Versions> rules_{*this, "rules"};
  weir::SideOutput<Payment> late_{*this, "late"};
};

inline constexpr weir::Timestamp kBegin{std::chrono::hours{24 * 365 * 50}};
inline constexpr std::chrono::seconds kDistance{2};   // from one payment to the next
inline constexpr std::chrono::seconds kLag{5};        // what payments are out of order at most
inline constexpr std::chrono::minutes kRuleEvery{1};  // the feed of rules says one of them
inline constexpr std::uint64_t kAccounts = 50;
inline constexpr std::int64_t kRules = 3;

/// Payment `number` of an endless, made-up day, each a little out of order.
inline Payment payment(std::int64_t number) {
  const std::uint64_t random = weir::mix(static_cast<std::uint64_t>(number));
  const std::chrono::milliseconds disorder{random % 4000};
  return {number, "account-" + std::to_string(random / 7 % kAccounts),
          static_cast<std::int64_t>(random / 1000 % 10'000),
          kBegin + number * kDistance - disorder};
}

/// What the feed of rules says for the `number`-th time: rules take turns, and a limit changes
/// about every half hour.
inline Rule rule(std::int64_t number) {
  const std::int64_t turn = number / kRules / 10;
  const auto one = static_cast<int>(number % kRules);
  const std::chrono::minutes span{one == 0 ? 10 : one == 1 ? 30 : 60};
  const auto change = static_cast<std::int64_t>(
      weir::mix(static_cast<std::uint64_t>(turn * kRules + one)) % 20'000);
  return {one, 10'000 + span.count() * 4'000 + change, span, kBegin + number * kRuleEvery};
}

/// How many times the feed of rules speaks while so many payments are made.
inline std::int64_t rules_for(std::int64_t payments) {
  return payments * kDistance / kRuleEvery + 1;
}

/// Alerts go to `alerts`. Both sources say numbers; the one of rules is read by one subtask, so
/// that all get them in one order. The time of payments is told straight behind their source: each
/// of its splits has a watermark of its own, so one may be ahead of another.
inline void build(weir::Job& job, weir::Source<std::int64_t> payment_numbers,
                  weir::Source<std::int64_t> rule_numbers, weir::Sink<Alert> alerts) {
  const auto rules = job.source("rule-feed", std::move(rule_numbers))
                         .parallelism(1)
                         .map("rules", rule)
                         .parallelism(1)
                         .event_time(&Rule::since, weir::monotonic())
                         .parallelism(1);
  job.source("numbers", std::move(payment_numbers))
      .event_time([](std::int64_t number) { return payment(number).at; }, weir::bounded_lag(kLag))
      .map("payments", payment)
      .key_by(&Payment::account)
      .connect(rules.broadcast())
      .process<Detector>("detector")
      .sink("alerts", std::move(alerts));
}

}  // namespace fraud
