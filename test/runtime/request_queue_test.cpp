// The rules of async operators, one by one, and all of them against a queue that looks at
// everything each time.
#include "base/random.hpp"

#include <weir/detail/request_queue.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using detail::RequestId;
using detail::RequestQueue;
using detail::Watermark;

namespace {

Watermark mark(int time) {
  return {Timestamp{std::chrono::milliseconds{time}}, false};
}

std::string text_of(const RequestQueue::Out& out) {
  if (const auto* id = std::get_if<RequestId>(&out)) return std::to_string(*id);
  return "w" + std::to_string(std::get<Watermark>(out).time.time_since_epoch().count());
}

/// All that may leave now, "1 2 w5".
template <class Queue>
std::string leaving(Queue& queue) {
  std::string text;
  while (const auto out = queue.next_out()) text += (text.empty() ? "" : " ") + text_of(*out);
  return text;
}

/// All that is to be begun.
template <class Queue>
std::vector<RequestId> beginning(Queue& queue, Duration now = {}) {
  std::vector<RequestId> begun;
  while (const auto id = queue.next_to_begin(now)) begun.push_back(*id);
  return begun;
}

using Ids = std::vector<RequestId>;

}  // namespace

TEST_CASE("ordered, results leave in the order of the records", "[async]") {
  RequestQueue queue{{}};
  for (int i = 0; i < 3; ++i) queue.add();
  CHECK(beginning(queue) == Ids{1, 2, 3});
  queue.settle(3);
  CHECK(leaving(queue).empty());
  queue.settle(1);
  CHECK(leaving(queue) == "1");
  queue.settle(2);
  CHECK(leaving(queue) == "2 3");
}

TEST_CASE("unordered, results leave as they come, but none passes a watermark", "[async]") {
  RequestQueue queue{{.order = AsyncOrder::unordered}};
  queue.add();
  queue.add();
  queue.add(mark(5));
  queue.add();
  queue.add();
  beginning(queue);
  queue.settle(4);
  queue.settle(2);
  CHECK(leaving(queue) == "2");
  queue.settle(3);
  CHECK(leaving(queue).empty());
  queue.settle(1);
  CHECK(leaving(queue) == "1 w5 4 3");
}

TEST_CASE("a watermark waits for what is ahead of it alone", "[async]") {
  const auto order = GENERATE(AsyncOrder::ordered, AsyncOrder::unordered);
  RequestQueue queue{{.order = order}};
  queue.add(mark(1));
  CHECK(leaving(queue) == "w1");
  queue.add();
  queue.add(mark(2));
  queue.add(mark(3));  // speaks for the one before
  queue.add();
  queue.add(mark(4));
  beginning(queue);
  CHECK(leaving(queue).empty());
  queue.settle(1);
  CHECK(leaving(queue) == "1 w3");
  queue.settle(2);
  CHECK(leaving(queue) == "2 w4");
}

TEST_CASE("there is no room for more requests than the capacity, settled ones included",
          "[async]") {
  RequestQueue queue{{.capacity = 2}};
  CHECK(queue.room() == 2);
  queue.add();
  queue.add();
  CHECK(queue.room() == 0);
  beginning(queue);
  queue.settle(2);
  CHECK(leaving(queue).empty());
  CHECK(queue.room() == 0);
  queue.settle(1);
  CHECK(leaving(queue) == "1 2");
  CHECK(queue.room() == 2);
}

TEST_CASE("of more requests than the capacity, which a restore may bring, the others wait",
          "[async]") {
  RequestQueue queue{{.capacity = 2}};
  for (int i = 0; i < 5; ++i) queue.add();
  CHECK(queue.room() == 0);
  CHECK(beginning(queue) == Ids{1, 2});
  queue.settle(2);
  CHECK(beginning(queue).empty());
  queue.settle(1);
  CHECK(leaving(queue) == "1 2");
  CHECK(beginning(queue) == Ids{3, 4});
}

TEST_CASE("a request times out once, and not when it has been settled", "[async]") {
  RequestQueue queue{{.timeout = 5s}};
  queue.add();
  queue.add();
  CHECK_FALSE(queue.due());
  CHECK(queue.next_to_begin(1s) == 1);
  CHECK(queue.next_to_begin(2s) == 2);
  CHECK(queue.due() == 6s);
  CHECK_FALSE(queue.next_timed_out(5999ms));
  queue.settle(1);
  CHECK(queue.due() == 7s);
  CHECK(queue.next_timed_out(10s) == 2);
  CHECK_FALSE(queue.is_under_way(2));
  CHECK_FALSE(queue.next_timed_out(10s));
  CHECK_FALSE(queue.due());
  queue.settle(2);
  CHECK(leaving(queue) == "1 2");
}

TEST_CASE("attempts follow each other after growing pauses", "[async]") {
  RequestQueue queue{
      {.timeout = 1h, .retry = {.attempts = 5, .pause = 1s, .factor = 3, .pause_max = 5s}}};
  queue.add();
  Duration now{};
  for (const Duration pause : {1s, 3s, 5s, 5s}) {
    REQUIRE(queue.next_to_begin(now) == 1);
    REQUIRE(queue.is_under_way(1));
    REQUIRE(queue.retry(1, now));
    CHECK_FALSE(queue.is_under_way(1));
    CHECK(queue.due() == now + pause);
    CHECK_FALSE(queue.next_to_begin(now + pause - 1ns));
    now += pause;
  }
  CHECK(queue.next_to_begin(now) == 1);
  CHECK(queue.attempts(1) == 5);
  CHECK_FALSE(queue.retry(1, now));
}

TEST_CASE("the timeout covers attempts and pauses", "[async]") {
  RequestQueue queue{{.timeout = 5s, .retry = {.attempts = 9, .pause = 3s}}};
  queue.add();
  CHECK(queue.next_to_begin(0s) == 1);
  CHECK(queue.retry(1, 1s));
  CHECK(queue.next_to_begin(4s) == 1);
  CHECK(queue.retry(1, 4500ms));
  CHECK(queue.due() == 5s);
  CHECK(queue.next_timed_out(5s) == 1);
  CHECK_FALSE(queue.next_to_begin(1h));  // the pause is off, too
}

TEST_CASE("the longest timeout and pause are never over", "[async]") {
  RequestQueue queue{
      {.timeout = Duration::max(),
       .retry = {.attempts = 2, .pause = Duration::max(), .pause_max = Duration::max()}}};
  queue.add();
  CHECK(queue.next_to_begin(1h) == 1);
  CHECK(queue.retry(1, 2h));
  CHECK_FALSE(queue.due());
  CHECK_FALSE(queue.next_to_begin(24h * 365));
}

namespace {

/// What a RequestQueue does, found out by looking at all that has ever come.
class Model {
public:
  explicit Model(const AsyncOptions& options) : options_{options} {}

  std::size_t room() const {
    const auto waiting = count([](const Item& item) { return !item.is_mark && !item.is_out; });
    const auto capacity = static_cast<std::size_t>(options_.capacity);
    return capacity > waiting ? capacity - waiting : 0;
  }
  RequestId add() {
    items_.push_back({.id = ++last_});
    return last_;
  }
  void add(const Watermark& watermark) {
    if (!items_.empty() && items_.back().is_mark && !items_.back().is_out) items_.pop_back();
    items_.push_back({.is_mark = true, .mark = watermark});
  }

  std::optional<RequestId> next_to_begin(Duration now) {
    Item* next = nullptr;
    for (Item& item : items_) {
      if (item.again_at && *item.again_at <= now &&
          (next == nullptr || *item.again_at < *next->again_at))
        next = &item;
    }
    const auto begun = count([](const Item& item) { return item.attempts > 0 && !item.is_out; });
    for (Item& item : items_) {
      if (next != nullptr || begun >= static_cast<std::size_t>(options_.capacity)) break;
      if (item.is_mark || item.attempts != 0) continue;
      next = &item;
      item.deadline = now + options_.timeout;
    }
    if (next == nullptr) return std::nullopt;
    next->again_at.reset();
    ++next->attempts;
    next->is_under_way = true;
    return next->id;
  }
  bool is_under_way(RequestId id) { return at(id).is_under_way; }
  bool retry(RequestId id, Duration now) {
    Item& item = at(id);
    if (item.attempts == options_.retry.attempts) return false;
    item.is_under_way = false;
    item.again_at = now + options_.retry.pause * item.attempts;  // as a factor of 2 does up to 2
    return true;
  }
  void settle(RequestId id) {
    Item& item = at(id);
    item.is_under_way = false;
    item.deadline.reset();
    item.settled = ++settled_;
  }
  std::optional<RequestId> next_timed_out(Duration now) {
    Item* next = nullptr;
    for (Item& item : items_) {
      if (item.deadline && *item.deadline <= now &&
          (next == nullptr || *item.deadline < *next->deadline))
        next = &item;
    }
    if (next == nullptr) return std::nullopt;
    next->deadline.reset();
    next->again_at.reset();
    next->is_under_way = false;
    return next->id;
  }
  std::optional<RequestQueue::Out> next_out() {
    Item* next = nullptr;
    for (Item& item : items_) {
      if (item.is_out) continue;
      if (item.is_mark) {
        if (next == nullptr && !any_ahead_of(item)) next = &item;
        break;
      }
      if (options_.order == AsyncOrder::ordered) {
        if (item.settled != 0) next = &item;
        break;
      }
      if (item.settled != 0 && (next == nullptr || item.settled < next->settled)) next = &item;
    }
    if (next == nullptr) return std::nullopt;
    next->is_out = true;
    return next->is_mark ? RequestQueue::Out{next->mark} : RequestQueue::Out{next->id};
  }
  std::optional<Duration> due() const {
    std::optional<Duration> due;
    for (const Item& item : items_) {
      for (const auto& time : {item.deadline, item.again_at}) {
        if (time) due = std::min(due.value_or(*time), *time);
      }
    }
    return due;
  }

  Ids under_way() const {
    Ids ids;
    for (const Item& item : items_) {
      if (item.is_under_way) ids.push_back(item.id);
    }
    return ids;
  }

private:
  struct Item {
    bool is_mark = false;
    Watermark mark = {};
    RequestId id = 0;
    int attempts = 0;
    bool is_under_way = false;
    std::optional<Duration> deadline = {};
    std::optional<Duration> again_at = {};
    int settled = 0;  // as which one; 0: not
    bool is_out = false;
  };

  Item& at(RequestId id) {
    return *std::find_if(items_.begin(), items_.end(), [&](const Item& i) { return i.id == id; });
  }
  template <class F>
  std::size_t count(F&& f) const {
    return static_cast<std::size_t>(std::count_if(items_.begin(), items_.end(), f));
  }
  bool any_ahead_of(const Item& mark) const {
    return std::any_of(&items_.front(), &mark, [](const Item& item) { return !item.is_out; });
  }

  AsyncOptions options_;
  std::vector<Item> items_;
  RequestId last_ = 0;
  int settled_ = 0;
};

void compare_with_model(std::uint64_t seed) {
  CAPTURE(seed);
  base::Random random{seed};
  const AsyncOptions options{
      .order = random.chance(0.5) ? AsyncOrder::ordered : AsyncOrder::unordered,
      .capacity = 1 + static_cast<int>(random.below(6)),
      .timeout = std::chrono::milliseconds{1 + random.below(40)},
      .retry = {.attempts = 1 + static_cast<int>(random.below(3)), .pause = 7ms, .factor = 2}};
  RequestQueue queue{options};
  Model model{options};
  Duration now{};
  int time = 0;
  for (int step = 0; step < 300; ++step) {
    CAPTURE(step);
    const Ids under_way = model.under_way();
    const auto draw = random.below(10);
    if (draw < 4 && (model.room() > 0 || random.chance(0.1))) {
      REQUIRE(queue.add() == model.add());
    } else if (draw == 4) {
      time += static_cast<int>(random.below(3));
      queue.add(mark(time));
      model.add(mark(time));
    } else if (draw < 8 && !under_way.empty()) {
      const RequestId id = under_way[random.below(under_way.size())];
      REQUIRE(queue.is_under_way(id));
      const bool fails = random.chance(0.4);
      const bool again = fails && model.retry(id, now);
      if (fails) REQUIRE(queue.retry(id, now) == again);
      if (!again) {
        queue.settle(id);
        model.settle(id);
      }
    } else if (draw == 8) {
      now += std::chrono::milliseconds{random.below(12)};
    }
    REQUIRE(queue.due() == model.due());
    while (const auto late = model.next_timed_out(now)) {
      REQUIRE(queue.next_timed_out(now) == late);
      REQUIRE_FALSE(queue.is_under_way(*late));
      queue.settle(*late);
      model.settle(*late);
    }
    REQUIRE_FALSE(queue.next_timed_out(now));
    if (random.chance(0.7)) REQUIRE(leaving(queue) == leaving(model));
    REQUIRE(beginning(queue, now) == beginning(model, now));
    REQUIRE(queue.room() == model.room());
  }
}

}  // namespace

TEST_CASE("a queue of requests does what one does that looks at everything each time",
          "[async][model]") {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) compare_with_model(seed);
}
