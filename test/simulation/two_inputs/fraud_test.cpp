// The job of examples/fraud: whoever dies, the alerts are those of the rules of their time.
#include "examples/fraud/fraud.hpp"

#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::figures_of;
using test::require_finish;

namespace {

constexpr std::int64_t kPayments = 6000;  // more than three hours of them

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = 0; n < count; ++n) all.push_back(n);
  return all;
}

/// The last rule of this number that the feed said up to a time.
std::optional<fraud::Rule> rule_at(int number, Timestamp at) {
  std::optional<fraud::Rule> last;
  for (std::int64_t n = number; n < fraud::rules_for(kPayments); n += fraud::kRules) {
    const fraud::Rule rule = fraud::rule(n);
    if (rule.since <= at) last = rule;
  }
  return last;
}

/// Looks at all payments of an account again for each of them.
std::vector<fraud::Alert> expected_alerts() {
  std::map<std::string, std::vector<fraud::Payment>> by_account;
  for (std::int64_t n = 0; n < kPayments; ++n) {
    const fraud::Payment payment = fraud::payment(n);
    by_account[payment.account].push_back(payment);
  }
  std::vector<fraud::Alert> alerts;
  for (const auto& [account, payments] : by_account) {
    for (const fraud::Payment& payment : payments) {
      for (int number = 0; number < fraud::kRules; ++number) {
        const auto rule = rule_at(number, payment.at);
        if (!rule) continue;
        std::int64_t spent = 0;
        for (const fraud::Payment& other : payments) {
          if (other.at <= payment.at && other.at > payment.at - rule->span) spent += other.cents;
        }
        if (spent > rule->cents) alerts.push_back({number, account, spent, payment.at});
      }
    }
  }
  std::sort(alerts.begin(), alerts.end());
  alerts.erase(std::unique(alerts.begin(), alerts.end()), alerts.end());  // of one moment
  return alerts;
}

}  // namespace

TEST_CASE("fraud: whoever dies at whatever phase, alerts are those of the rules of their time",
          "[sim][broadcast][swarm]") {
  const std::vector<fraud::Alert> expected = expected_alerts();
  CHECK(expected.size() > 50);
  CHECK(expected.size() < kPayments / 4);
  test::for_each_seed(2, [&](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill(
        [&](const char* victim, Phase phase) {
          testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
          const testing::ReplayLog<std::int64_t> payments{numbers(kPayments), 2, {30, 5ms}};
          const testing::ReplayLog<std::int64_t> rules{
              numbers(fraud::rules_for(kPayments)), 1, {2, 5ms}};
          const testing::TransactionLog<fraud::Alert> alerts;
          Job job{"fraud",
                  {.parallelism = 2,
                   .checkpoint = {.every = 50ms, .unaligned = seed % 2 == 0},
                   .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms}),
                   .watermark_interval = 5ms}};
          fraud::build(job, payments.source({.assignment = Assignment::spread}), rules.source(),
                       alerts.sink());
          auto run = cluster.start(job);
          run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
          require_finish(run);
          CHECK(run.restarts() >= 1);
          std::vector<fraud::Alert> raised = alerts.committed();
          std::sort(raised.begin(), raised.end());
          CHECK(raised == expected);
          return figures_of(run);
        },
        {"numbers/0", "rule-feed/0", "detector/1", "coordinator", "node", "any"});
  });
}
