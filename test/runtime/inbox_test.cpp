// Answers from many threads into the inbox of one subtask, and into one that has been closed.
#include "test/support/threads.hpp"

#include <weir/async.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

using namespace weir;
using Inbox = detail::Inbox<int>;

namespace {

constexpr int kThreads = 4;
constexpr int kAnswers = 5000;  // of each thread

/// A subtask that sleeps until it is woken.
class Sleeper {
public:
  void wake() {
    const std::lock_guard lock{mutex_};
    is_woken_ = true;
    woken_.notify_one();
  }
  void wait() {
    std::unique_lock lock{mutex_};
    woken_.wait(lock, [this] { return is_woken_; });
    is_woken_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

Reply<int> reply_to(const std::shared_ptr<Inbox>& inbox, int number) {
  return Reply<int>{
      std::make_shared<detail::OpenRequest<int>>(inbox, static_cast<std::uint64_t>(number))};
}

/// Runs `f(i)` on each of some threads, which begin together.
template <class F>
std::vector<std::thread> on_threads(test::Gate& gate, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&gate, f, i] {
      gate.pass();
      f(i);
    });
  }
  return threads;
}

}  // namespace

TEST_CASE("answers of many threads come once each, and wake who sleeps", "[async][threads]") {
  const auto inbox = std::make_shared<Inbox>();
  Sleeper subtask;
  inbox->wake_by([&] { subtask.wake(); });
  test::Gate gate{kThreads};
  auto threads = on_threads(gate, [&](int i) {
    for (int n = i * kAnswers; n < (i + 1) * kAnswers; ++n) reply_to(inbox, n)(n);
  });
  std::vector<int> numbers;
  while (numbers.size() < std::size_t{kThreads} * kAnswers) {
    subtask.wait();  // for ever if a wake is lost
    for (const Inbox::Answer& answer : inbox->take()) {
      const auto results = std::get<std::vector<int>>(answer.what);
      REQUIRE(results.size() == 1);
      REQUIRE(static_cast<std::uint64_t>(results[0]) == answer.request);
      numbers.push_back(results[0]);
    }
  }
  for (std::thread& thread : threads) thread.join();
  std::sort(numbers.begin(), numbers.end());
  std::vector<int> expected(numbers.size());
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(numbers == expected);
  CHECK(inbox->take().empty());
}

TEST_CASE("of many who answer one request one is heard, or all who drop it together are",
          "[async][threads]") {
  const auto inbox = std::make_shared<Inbox>();
  for (int round = 0; round < 500; ++round) {
    test::Gate gate{kThreads};
    {
      auto reply = std::make_shared<Reply<int>>(reply_to(inbox, round));
      auto threads = on_threads(gate, [reply, round](int i) {
        if (round % 2 == 0) (*reply)(i);
      });
      reply.reset();
      for (std::thread& thread : threads) thread.join();
    }
    const auto answers = inbox->take();
    REQUIRE(answers.size() == 1);
    REQUIRE(std::holds_alternative<std::string>(answers[0].what) == (round % 2 == 1));
  }
}

TEST_CASE("an inbox may be closed while answers come", "[async][threads]") {
  for (int round = 0; round < 200; ++round) {
    const auto inbox = std::make_shared<Inbox>();
    const auto subtask = std::make_shared<Sleeper>();
    inbox->wake_by([subtask] { subtask->wake(); });
    test::Gate gate{kThreads + 1};
    auto threads = on_threads(gate, [inbox](int i) {
      for (int n = 0; n < 20; ++n) reply_to(inbox, i * 20 + n).fail("late");
    });
    gate.pass();
    inbox->close();
    CHECK(inbox->take().empty());
    for (std::thread& thread : threads) thread.join();
    CHECK(inbox->take().empty());
  }
}
