// Small jobs in every order: whatever arrives when, and whoever dies at any moment, each row counts
// once, every checkpoint ends, and nothing is left over. With the real coordinator, subtasks and
// storage.
//
// Orders that no part of the job can tell apart are one: a state is what each part has received, in
// its own order (Mazurkiewicz traces). So each state is visited once, by whatever way.
#include "base/random.hpp"
#include "test/interaction/board.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::Board;
using test::BoardOptions;
using test::Table;

namespace {

using Channel = std::pair<std::string, std::string>;  // sender and receiver

/// What happens from outside, in this order, at any moment.
enum class Outside { interval_passes, rows_come, a_write_fails };

/// What is explored.
struct Case {
  BoardOptions options = {};
  std::vector<Outside> outside = {};
  bool kills = false;  // a subtask, at every state
};

/// One way through a case.
class Way {
public:
  /// A step: a message of this channel arrives; or, with two empty names, what is next outside.
  explicit Way(const Case& explored) : case_{explored}, board_{explored.options} {
    board_.start();
    for (int i = 0; i < explored.options.numbers; ++i) push(i);
    deliver_all();
    history_.clear();
  }

  std::vector<Channel> choices() const {
    std::set<Channel> found;
    for (const std::string& text : board_.table().texts()) {
      const std::size_t arrow = text.find(" -> ");
      found.emplace(text.substr(0, arrow),
                    text.substr(arrow + 4, text.find(": ", arrow) - arrow - 4));
    }
    std::vector<Channel> all{found.begin(), found.end()};
    if (next_outside_ < case_.outside.size()) all.emplace_back();
    return all;
  }

  void take(const Channel& channel) {
    if (channel == Channel{}) return happen(case_.outside[next_outside_++]);
    Table::Message message = board_.table().take([&](const Table::Message& one) {
      return one.from == channel.first && one.to == channel.second;
    });
    // Work for the storage is done, and its answer arrives, in one step.
    const bool is_work = channel.second == "storage";
    history_[is_work ? channel.first : channel.second] +=
        std::to_string(next_outside_) + channel.first + message.what + ";";
    message.arrive();
  }

  std::string state() const {
    std::string all = std::to_string(next_outside_);
    for (const auto& [part, history] : history_) all += "|" + part + ":" + history;
    return all;
  }

  void kill(const std::string& victim) { board_.kill(victim); }

  /// Ends the input, and lets all arrive; requires that all is well then.
  void finish() {
    for (int i = 0; i < case_.options.numbers; ++i) board_.end(static_cast<std::uint32_t>(i));
    for (int tries = 0; tries < 100 && !has_finished_; ++tries) {
      deliver_all();
      for (const std::string& line : board_.take_trace())
        has_finished_ = has_finished_ || line.starts_with("job: finished");
      if (!has_finished_) board_.advance(1s);
    }
    REQUIRE(has_finished_);
    std::vector<std::pair<int, std::int64_t>> expected;
    for (const auto& [number, times] : pushed_) {
      for (int n = 1; n <= times; ++n) expected.emplace_back(number, n);
    }
    auto committed = board_.committed();
    std::sort(committed.begin(), committed.end());
    REQUIRE(committed == expected);
    for (const std::string& checkpoint : board_.checkpoints())
      REQUIRE(checkpoint.find("incomplete") == std::string::npos);
  }

private:
  void push(int subtask) {
    for (const int number : {subtask, 7}) ++pushed_[number];
    board_.push(static_cast<std::uint32_t>(subtask), {subtask, 7});
  }
  void deliver_all() {
    board_.deliver([](const Table::Message&) { return true; });
  }

  void happen(Outside what) {
    switch (what) {
      case Outside::interval_passes: board_.advance(10s); break;
      case Outside::rows_come: push(0); break;
      case Outside::a_write_fails: board_.refuse({.path_contains = "counts"}); break;
    }
  }

  const Case& case_;
  Board board_;
  std::map<std::string, std::string> history_;  // what each part has received since the start
  std::map<int, int> pushed_;                   // how often each number
  std::size_t next_outside_ = 0;
  bool has_finished_ = false;
};

/// How far an exploration came.
struct Explored {
  std::size_t states = 0;
  std::size_t ends = 0;  // of them, with nothing left to happen
};

/// Visits every state; or, if there are more than `most`, some of them, drawn from the seed.
Explored explore(const Case& explored, std::size_t most = SIZE_MAX, std::uint64_t seed = 1) {
  Explored result;
  base::Random random{seed};
  std::set<std::string> seen;
  std::vector<std::vector<Channel>> waiting{{}};
  const auto replay = [&](const std::vector<Channel>& steps) {
    auto way = std::make_unique<Way>(explored);
    for (const Channel& step : steps) way->take(step);
    return way;
  };
  while (!waiting.empty() && result.states < most) {
    std::swap(waiting[random.below(waiting.size())], waiting.back());
    std::vector<Channel> steps = std::move(waiting.back());
    waiting.pop_back();
    auto way = replay(steps);
    while (seen.insert(way->state()).second) {
      ++result.states;
      if (explored.kills) {
        const auto dying = replay(steps);
        dying->kill("counts/0");
        dying->finish();
      }
      auto choices = way->choices();
      if (choices.empty()) {
        way->finish();
        ++result.ends;
        break;
      }
      std::swap(choices[random.below(choices.size())], choices.back());
      const Channel next = choices.back();
      choices.pop_back();
      for (const Channel& other : choices) {
        waiting.push_back(steps);
        waiting.back().push_back(other);
      }
      steps.push_back(next);
      way->take(next);
    }
  }
  return result;
}

JobOptions options(bool unaligned, int max_concurrent) {
  return {.checkpoint = {.every = 10s,
                         .timeout = 60s,
                         .max_concurrent = max_concurrent,
                         .tolerable_failures = 10,
                         .unaligned = unaligned},
          .restart = restart::fixed_delay({.attempts = 10, .delay = 1s})};
}

}  // namespace

TEST_CASE("one checkpoint of two subtasks, in every order, with a death at every moment",
          "[exploration]") {
  for (const bool unaligned : {false, true}) {
    CAPTURE(unaligned);
    const Explored result = explore({.options = {1, 1, 1, options(unaligned, 1)},
                                     .outside = {Outside::interval_passes, Outside::rows_come},
                                     .kills = true});
    CHECK(result.states > 700);
    CHECK(result.ends > 90);
  }
}

namespace {

/// Larger cases: some states of each in every run, all of them by `make exhaustive`.
std::map<std::string, Case> larger_cases() {
  using enum Outside;
  return {
      {"one aligned checkpoint of three subtasks",
       {.options = {2, 1, 1, options(false, 1)}, .outside = {interval_passes, rows_come}}},
      {"one unaligned checkpoint of three subtasks",
       {.options = {2, 1, 1, options(true, 1)}, .outside = {interval_passes, rows_come}}},
      {"two checkpoints at once",
       {.options = {1, 1, 1, options(false, 2)}, .outside = {interval_passes, interval_passes}}},
      {"two checkpoints at once, with a death at every moment",
       {.options = {1, 1, 1, options(false, 2)},
        .outside = {interval_passes, interval_passes},
        .kills = true}},
      {"a checkpoint that fails, and the next one",
       {.options = {1, 1, 1, options(false, 1)},
        .outside = {interval_passes, a_write_fails, interval_passes}}}};
}

}  // namespace

TEST_CASE("some states of larger cases", "[exploration]") {
  for (const auto& [name, larger] : larger_cases()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(name, seed);
      CHECK(explore(larger, 150, seed).states >= 150);
    }
  }
}

TEST_CASE("all states of larger cases", "[.exhaustive]") {
  for (const auto& [name, larger] : larger_cases()) {
    CAPTURE(name);
    const Explored result = explore(larger);
    WARN(name << ": " << result.states << " states, " << result.ends << " ends");
  }
}
