// Windows of random streams against a model that knows nothing of panes, sums and timers: it keeps
// the records of each window, and looks at all of them again and again.
#include "base/random.hpp"
#include "test/operators/clicks.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using test::at;
using test::Click;

namespace {

using Ms = std::chrono::milliseconds;

/// The numbers of a window's clicks, ascending, behind what the window is.
std::string line_of(int page, const Window& window, const std::multiset<int>& numbers) {
  std::vector<Click> clicks;
  for (const int number : numbers) clicks.push_back({page, number});
  return test::line_of(page, window, clicks);
}

/// What has come of a stream so far, as a model says it.
class Model {
public:
  virtual ~Model() = default;
  virtual void push(const Click& click, Timestamp time) = 0;

  void watermark(Timestamp time) {
    passed_ = std::max(passed_, time);
    end_windows();
  }
  std::multiset<std::string> results;
  std::vector<Click> late;

protected:
  virtual void end_windows() = 0;
  bool is_past(Timestamp end, Ms lateness) const {
    return passed_ != Timestamp::min() && end - Ms{1} + lateness <= passed_;
  }
  Timestamp passed_ = Timestamp::min();
};

struct Content {
  std::multiset<int> numbers;
  bool has_ended = false;
};

/// Tumbling and sliding windows.
class TimeModel final : public Model {
public:
  TimeModel(const TimeWindows& windows, Ms lateness) : windows_{windows}, lateness_{lateness} {}

  void push(const Click& click, Timestamp time) override {
    bool is_in_any = false;
    bool counts = false;
    for (Timestamp start = at(0) + windows_.offset - 200 * windows_.slide; start <= time;
         start += windows_.slide) {
      const Window window{start, start + windows_.size};
      if (window.end <= time) continue;
      is_in_any = true;
      if (is_past(window.end, lateness_)) continue;
      counts = true;
      Content& content = contents_[{click.page, window}];
      content.numbers.insert(click.number);
      content.has_ended = is_past(window.end, Ms{});
      if (content.has_ended) results.insert(line_of(click.page, window, content.numbers));
    }
    if (is_in_any && !counts) late.push_back(click);
  }

private:
  void end_windows() override {
    for (auto& [whose, content] : contents_) {
      const auto& [page, window] = whose;
      if (!is_past(window.end, Ms{}) || std::exchange(content.has_ended, true)) continue;
      results.insert(line_of(page, window, content.numbers));
    }
  }

  TimeWindows windows_;
  Ms lateness_;
  std::map<std::pair<int, Window>, Content> contents_;
};

/// Sessions.
class SessionModel final : public Model {
public:
  SessionModel(const SessionWindows& windows, Ms lateness)
      : gap_{windows.gap}, lateness_{lateness} {}

  void push(const Click& click, Timestamp time) override {
    std::map<Window, Content>& sessions = sessions_[click.page];
    std::erase_if(sessions, [&](const auto& one) { return is_past(one.first.end, lateness_); });
    Window window{time, time + gap_};
    Content content{{click.number}};
    std::vector<Window> taken;
    for (bool has_grown = true; has_grown;) {
      has_grown = false;
      for (const auto& [other, its] : sessions) {
        if (other.start > window.end || other.end < window.start) continue;
        if (std::find(taken.begin(), taken.end(), other) != taken.end()) continue;
        window = {std::min(window.start, other.start), std::max(window.end, other.end)};
        content.numbers.insert(its.numbers.begin(), its.numbers.end());
        taken.push_back(other);
        has_grown = true;
      }
    }
    if (is_past(window.end, lateness_)) return late.push_back(click);
    for (const Window& other : taken) sessions.erase(other);
    content.has_ended = is_past(window.end, Ms{});
    if (content.has_ended) results.insert(line_of(click.page, window, content.numbers));
    sessions[window] = content;
  }

private:
  void end_windows() override {
    for (auto& [page, sessions] : sessions_) {
      for (auto& [window, content] : sessions) {
        if (!is_past(window.end, Ms{}) || std::exchange(content.has_ended, true)) continue;
        results.insert(line_of(page, window, content.numbers));
      }
    }
  }

  Ms gap_;
  Ms lateness_;
  std::map<int, std::map<Window, Content>> sessions_;  // by page
};

/// Ways to run the same windows, of which each has a process of its own.
constexpr auto kPlain = [](const auto& windows) { return windows; };
constexpr auto kTriggered = [](const auto& windows) { return windows.trigger(trigger::at_end()); };
constexpr auto kEvicted = [](const auto& windows) { return windows.evictor(evictor::last(1000)); };

/// Windows of the engine, with the numbers of each in ascending order.
template <class Windows, class Way>
auto engine(const Windows& windows, Ms lateness, const Way& way, testing::HarnessOptions options) {
  return testing::harness<Click>(
      [&](const Stream<Click>& clicks) {
        return way(clicks.key_by(&Click::page).window(windows))
            .allowed_lateness(lateness)
            .process("windows", [](int page, const Window& window, const std::vector<Click>& in_it,
                                   Emit<std::string>& out) {
              std::multiset<int> numbers;
              for (const Click& click : in_it) numbers.insert(click.number);
              out(line_of(page, window, numbers));
            });
      },
      options);
}

testing::HarnessOptions draw_options(base::Random& random) {
  return {.parallelism = 1 + static_cast<int>(random.below(3)),
          .backend = random.chance(0.1) ? StateBackendType::rocksdb : StateBackendType::hashmap};
}

/// Pushes a random stream through both, and restores the engine's now and then.
template <class Windows, class Way, class M>
void compare(base::Random& random, const Windows& windows, Ms lateness, const Way& way, M model) {
  auto op = engine(windows, lateness, way, draw_options(random));
  Timestamp passed = Timestamp::min();
  Timestamp now = at(-50);
  const auto disorder = 1 + random.below(40);
  for (int number = 0; number < 150; ++number) {
    now += Ms{random.below(4)};
    const Click click{static_cast<int>(random.below(3)), number};
    const Timestamp time = now - Ms{random.below(disorder)};
    op.push(click, time);
    model.push(click, time);
    if (random.chance(0.2)) {
      passed = std::max(passed, now - Ms{random.below(30)});
      op.watermark(passed);
      model.watermark(passed);
    }
    const bool is_time_to_look = random.chance(0.03);
    if (is_time_to_look || number == 149) {
      if (number == 149) {
        op.end();
        model.watermark(Timestamp::max());
      }
      std::multiset<std::string> results;
      for (std::string& line : op.drain()) results.insert(std::move(line));
      REQUIRE(results == std::exchange(model.results, {}));
      auto late = op.template side<Click>("late");
      const auto by_number = [](const Click& a, const Click& b) { return a.number < b.number; };
      std::sort(late.begin(), late.end(), by_number);
      REQUIRE(late == std::exchange(model.late, {}));
    }
    if (is_time_to_look && number != 149 && random.chance(0.5)) {
      const auto snapshot = op.snapshot();
      op = engine(windows, lateness, way, draw_options(random));
      op.restore(snapshot);
      if (passed != Timestamp::min()) op.watermark(passed);
    }
  }
}

std::uint64_t seeds() {
  const char* asked = std::getenv("WEIR_WINDOW_SEEDS");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 150;
}

template <class Way>
void compare_time_windows(const Way& way) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const Ms slide{1 + random.below(20)};
    const TimeWindows windows =
        random.chance(0.4)
            ? tumbling(slide, Ms{random.below(static_cast<std::uint64_t>(slide.count()))})
            : sliding(Ms{1 + random.below(60)}, slide);
    const Ms lateness{random.chance(0.5) ? 0 : random.below(40)};
    compare(random, windows, lateness, way, TimeModel{windows, lateness});
  }
}

template <class Way>
void compare_sessions(const Way& way) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const SessionWindows windows = session(Ms{1 + random.below(15)});
    const Ms lateness{random.chance(0.5) ? 0 : random.below(40)};
    compare(random, windows, lateness, way, SessionModel{windows, lateness});
  }
}

}  // namespace

TEST_CASE("random windows at regular distances are what the model says", "[windows][model]") {
  compare_time_windows(kPlain);
}

TEST_CASE("random sessions are what the model says", "[windows][sessions][model]") {
  compare_sessions(kPlain);
}

TEST_CASE("random windows with the trigger of their end are what the models say",
          "[windows][triggers][model]") {
  compare_time_windows(kTriggered);
  compare_sessions(kTriggered);
}

TEST_CASE("random windows with an evictor that keeps all are what the models say",
          "[windows][evictors][model]") {
  compare_time_windows(kEvicted);
  compare_sessions(kEvicted);
}
