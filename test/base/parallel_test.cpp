// Parts of blocking work that are done at the same time.
#include "base/parallel.hpp"

#include "test/support/threads.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using base::for_each_parallel;
using base::ThreadPool;
using test::Gate;
using test::Generous;

TEST_CASE("parts are done once each, alone or with others", "[pool]") {
  ThreadPool pool{4};
  for (const bool has_pool : {false, true}) {
    for (const std::size_t n : {0UL, 1UL, 2UL, 1000UL}) {
      std::vector<int> done(n);
      CHECK(for_each_parallel(has_pool ? &pool : nullptr, n, [&](std::size_t i) {
              ++done[i];
              return Status{};
            }).ok());
      CHECK(done == std::vector<int>(n, 1));
    }
  }
}

TEST_CASE("parts are done at the same time by threads that are idle", "[pool]") {
  Generous pool;
  Gate gate{2};  // would be stuck if one thread did all
  std::set<std::thread::id> threads;
  std::mutex mutex;
  CHECK(for_each_parallel(&pool, 2, [&](std::size_t) {
          gate.pass();
          const std::lock_guard lock{mutex};
          threads.insert(std::this_thread::get_id());
          return Status{};
        }).ok());
  CHECK(threads.size() == 2);
  CHECK(pool.threads() == 1);
}

TEST_CASE("few threads work on one thing, however many are idle", "[pool]") {
  Generous pool;
  CHECK(for_each_parallel(&pool, 100, [](std::size_t) { return Status{}; }).ok());
  CHECK(pool.threads() == 3);
}

TEST_CASE("an offer is turned down if it would take the last idle thread", "[pool]") {
  ThreadPool pool{2};
  std::promise<void> offered;
  while (!pool.offer([&] { offered.set_value(); }))
    std::this_thread::yield();  // they begin to idle
  offered.get_future().wait();
  std::promise<void> release;
  Gate begun{2};
  pool.submit([&] {
    begun.pass();
    release.get_future().wait();
  });
  begun.pass();
  bool is_taken = false;
  for (int i = 0; i < 10'000; ++i) {
    is_taken = is_taken || pool.offer([] {});  // one thread is left, for what must be done
    std::this_thread::yield();
  }
  CHECK_FALSE(is_taken);
  release.set_value();
  ThreadPool alone{1};
  CHECK_FALSE(alone.offer([] {}));
}

TEST_CASE("the failure of the first part that fails is told, and nothing more is begun", "[pool]") {
  Generous pool;
  for (base::BlockingPool* with :
       {static_cast<base::BlockingPool*>(nullptr), static_cast<base::BlockingPool*>(&pool)}) {
    std::vector<int> done(100'000);
    const Status status = for_each_parallel(with, done.size(), [&](std::size_t i) {
      done[i] = 1;
      return i < 3 ? Status{} : Status{ErrorCode::corrupt, "part " + std::to_string(i)};
    });
    CHECK(status.message() == "part 3");
    CHECK(std::accumulate(done.begin(), done.end(), 0) <= 8);
  }
}

TEST_CASE("of two parts that fail the first one is told, although it failed first", "[pool]") {
  Generous pool;
  Gate gate{2};
  std::promise<void> failed;
  const Status status = for_each_parallel(&pool, 2, [&](std::size_t i) {
    gate.pass();
    if (i == 0) failed.set_value();
    if (i == 1) failed.get_future().wait();
    for (int yields = 0; i == 1 && yields < 1000; ++yields) std::this_thread::yield();
    return Status{ErrorCode::corrupt, "part " + std::to_string(i)};
  });
  CHECK(status.message() == "part 0");
}

TEST_CASE("what a part throws reaches the caller", "[pool]") {
  Generous pool;
  Gate gate{2};
  const auto throws = [&](std::size_t i) -> Status {
    gate.pass();
    if (i == 1) throw std::runtime_error{"no"};
    return {};
  };
  CHECK_THROWS_AS(for_each_parallel(&pool, 2, throws), std::runtime_error);
}
