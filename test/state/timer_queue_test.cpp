// TimerQueue against a plain set: random changes, many keys of one hash, many timers of one time.
#include "base/random.hpp"

#include <weir/detail/timer_queue.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace weir;
using namespace weir::detail;

namespace {

using Model = std::set<std::tuple<Timestamp, std::uint64_t, std::string>>;

/// What timers are drawn from.
struct Shape {
  std::uint64_t times;
  std::uint64_t keys;
  std::uint64_t hashes;
  bool ascending = false;  // each timer a little later than the one before
};

class Run {
public:
  Run(std::uint64_t seed, Shape shape) : random_{seed}, shape_{shape} {}

  void insert() {
    const auto [time, hash, key] = draw();
    CHECK(queue_.insert(time, hash, key) == model_.emplace(time, hash, key).second);
  }
  /// Takes back a timer that is there, or perhaps is not.
  void erase() {
    auto timer = draw();
    if (!model_.empty() && random_.chance(0.9)) {
      const auto at = model_.lower_bound(timer);
      timer = at == model_.end() ? *model_.begin() : *at;
    }
    const auto& [time, hash, key] = timer;
    CHECK(queue_.erase(time, hash, key) == (model_.erase(timer) == 1));
  }
  void pop() {
    if (model_.empty()) return;
    const auto [time, hash, key] = *model_.begin();
    const Timer<std::string> front = queue_.front();
    const Timer<std::string> popped = queue_.pop();
    CHECK(popped.time == time);
    CHECK(popped.hash == hash);  // keys of one hash have no order
    CHECK(popped.key == front.key);
    CHECK(model_.erase({popped.time, popped.hash, popped.key}) == 1);
  }
  void rebuild() {
    std::vector<Timer<std::string>> timers;
    for (const auto& [time, hash, key] : model_) {
      timers.push_back({time, hash, key});
      std::swap(timers.back(), timers[random_.below(timers.size())]);
    }
    queue_.assign(std::move(timers));
  }

  void step(double growth) {
    const double what = random_.uniform();
    if (what < growth)
      insert();
    else if (what < growth + 0.2)
      erase();
    else if (what < 0.9999)
      pop();
    else
      rebuild();
    CHECK(queue_.size() == model_.size());
    CHECK(queue_.empty() == model_.empty());
  }
  void empty() {
    while (!model_.empty()) pop();
    CHECK(queue_.empty());
  }
  std::size_t size() const { return model_.size(); }

private:
  std::tuple<Timestamp, std::uint64_t, std::string> draw() {
    const std::uint64_t key = random_.below(shape_.keys);
    const std::uint64_t from = shape_.ascending ? ++drawn_ / 4 : 0;
    const auto time = static_cast<std::int64_t>(from + random_.below(shape_.times)) - 10;
    return {Timestamp{std::chrono::milliseconds{time}}, key % shape_.hashes,
            "key" + std::to_string(key)};
  }

  base::Random random_;
  Shape shape_;
  std::uint64_t drawn_ = 0;
  TimerQueue<std::string> queue_;
  Model model_;
};

}  // namespace

TEST_CASE("a timer queue is a set in the order of times and hashes", "[timers]") {
  const Shape shape = GENERATE(Shape{1'000'000, 1000, 1000}, Shape{3, 5000, 5000},
                               Shape{20, 2000, 3}, Shape{200, 50, 50, true});
  CAPTURE(shape.times, shape.keys, shape.hashes);
  Run run{1, shape};
  for (int i = 0; i < 20'000; ++i) run.step(0.7);
  const std::size_t grown = run.size();
  CHECK(grown > 500);
  for (int i = 0; i < 5'000; ++i) run.erase();
  CHECK(run.size() < grown);
  for (int i = 0; i < 20'000; ++i) run.step(0.4);
  run.rebuild();
  run.empty();
  for (int i = 0; i < 300; ++i) run.step(0.7);  // it is as good as new
  run.empty();
}

TEST_CASE("a timer queue tells keys of one hash apart", "[timers]") {
  TimerQueue<std::string> queue;
  const Timestamp time{std::chrono::seconds{1}};
  for (int i = 0; i < 1000; ++i) CHECK(queue.insert(time, 7, std::to_string(i)));
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(queue.insert(time, 7, std::to_string(i)));
  for (int i = 0; i < 1000; i += 2) CHECK(queue.erase(time, 7, std::to_string(i)));
  CHECK(queue.size() == 500);
  std::set<std::string> left;
  while (!queue.empty()) left.insert(queue.pop().key);
  CHECK(left.size() == 500);
  CHECK_FALSE(left.contains("0"));
}

TEST_CASE("the first and the last moment there is can have timers", "[timers]") {
  TimerQueue<int> queue;
  constexpr std::uint64_t kHashes[]{0, ~std::uint64_t{0}};
  for (const Timestamp time : {Timestamp::max(), Timestamp::min()}) {
    for (const std::uint64_t hash : kHashes) CHECK(queue.insert(time, hash, 1));
  }
  CHECK(queue.pop().time == Timestamp::min());
  CHECK(queue.erase(Timestamp::min(), kHashes[1], 1));
  CHECK(queue.pop().time == Timestamp::max());
  CHECK(queue.size() == 1);
}
