// Jobs whose rules change while they run: at all subtasks the same rules, whoever dies, whenever,
// and at whatever parallelism they go on.
#include "base/random.hpp"
#include "test/support/random_plans.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

constexpr int kNumbers = 500;
constexpr int kRules = 100;
constexpr int kKeys = 7;

/// From now on a key is called by another name: its number, and how often it was given one.
struct Rule {
  int key = 0;
  int version = 0;
};

/// The count of a key, and which version of its name there was then.
struct Seen {
  int key = 0;
  int count = 0;
  int version = 0;  // 0: none yet

  friend auto operator<=>(const Seen&, const Seen&) = default;
};

/// Counts numbers by key, and says which rule holds. At its end each key says so once more.
class Named final : public KeyedBroadcastProcess<int, int, Rule, Seen> {
public:
  void on_record(const int&, Ctx& ctx, Emit<Seen>& out) override {
    count_.set(count_.value_or(0) + 1);
    out({ctx.key(), *count_.get(), version_of(ctx.key())});
    ctx.event_timers().at(Timestamp::max());
  }
  /// A version goes up by one with each rule, so one that is lost or comes twice is noticed.
  void on_broadcast(const Rule& rule, BroadcastCtx& ctx, Emit<Seen>&) override {
    if (rule.version != version_of(rule.key) + 1) throw std::logic_error{"a rule is out of turn"};
    ctx.edit(versions_).put(rule.key, rule.version);
  }
  void on_timer(Timestamp, Ctx& ctx, Emit<Seen>& out) override {
    out({ctx.key(), -1, version_of(ctx.key())});
  }

private:
  int version_of(int key) const {
    const int* version = versions_.find(key);
    return version != nullptr ? *version : 0;
  }

  ValueState<int> count_{*this, "count"};
  ReadOnlyBroadcastState<int, int> versions_{*this, "versions"};
};

std::vector<int> numbers() {
  std::vector<int> all;
  for (int n = 0; n < kNumbers; ++n) all.push_back(n);
  return all;
}

std::vector<Rule> rules(std::uint64_t seed) {
  base::Random random{seed};
  std::map<int, int> versions;
  std::vector<Rule> all;
  for (int i = 0; i < kRules; ++i) {
    const int key = static_cast<int>(random.below(kKeys));
    all.push_back({key, ++versions[key]});
  }
  return all;
}

/// Numbers by key and rules for all -> counts -> log.
struct RuleJob {
  explicit RuleJob(std::uint64_t seed) : changes{rules(seed), 1, {1, 5ms}} {}

  Job job(JobOptions options) const {
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    Job job{"rules", options};
    const auto source = job.source("rules", changes.source()).parallelism(1);
    job.source("numbers", input.source())
        .key_by([](int n) { return n % kKeys; })
        .connect(source.broadcast())
        .process<Named>("counts")
        .sink("out", output.sink());
    return job;
  }

  void check() const {
    std::map<int, int> last;  // versions
    for (const Rule& rule : changes.rows()) last[rule.key] = rule.version;
    std::vector<Seen> seen = output.committed();
    std::sort(seen.begin(), seen.end());
    std::map<int, int> counts;
    for (int n = 0; n < kNumbers; ++n) ++counts[n % kKeys];
    std::size_t i = 0;
    for (const auto& [key, count] : counts) {
      REQUIRE(i < seen.size());
      CHECK(seen[i++] == Seen{key, -1, last[key]});
      for (int n = 1, version = 0; n <= count; ++n, ++i) {
        REQUIRE(i < seen.size());
        CHECK(seen[i].count == n);
        CHECK(seen[i].version >= version);  // rules of a key never go back
        version = seen[i].version;
      }
    }
    CHECK(i == seen.size());
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<int> input{numbers(), 3, {3, 10ms}};
  testing::ReplayLog<Rule> changes;
  testing::TransactionLog<Seen> output;
};

}  // namespace

TEST_CASE("rules: whoever dies at whatever phase, every subtask has every rule once",
          "[sim][broadcast][swarm]") {
  test::for_each_seed(3, [](std::uint64_t seed) {
    return test::require_exact_at_each_phase(
        seed, [&] { return RuleJob{seed}; },
        {"numbers/0", "rules/0", "counts/1", "coordinator", "node", "any"});
  });
}

TEST_CASE("rules: any kills, and messages lost, change nothing", "[sim][broadcast][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    return test::require_exact_under_random_kills(seed, [&] { return RuleJob{seed}; });
  });
}

TEST_CASE("rules are the same at all subtasks at any parallelism and on any backend",
          "[sim][broadcast][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    return test::require_exact_in_lives(seed, [&] { return RuleJob{seed}; });
  });
}
