// Async operators on real threads: answers come from threads of a service that knows nothing of the
// job, while its subtasks die, and after they are gone.
#include "actors/local_cluster.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "test/support/swarm.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::actors;

namespace {

constexpr int kRows = 3000;

/// Threads that answer requests in random order; what is left at its end is dropped.
class Service {
public:
  explicit Service(std::uint64_t seed) : random_{seed} {
    for (int i = 0; i < 3; ++i) threads_.emplace_back([this] { work(); });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    {
      const std::lock_guard lock{mutex_};
      is_closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void ask(int n, Reply<int> reply) {
    {
      const std::lock_guard lock{mutex_};
      open_.emplace_back(n, std::move(reply));
    }
    changed_.notify_one();
  }

private:
  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return is_closing_ || !open_.empty(); });
      if (is_closing_) return;
      std::swap(open_[random_.below(open_.size())], open_.back());
      const auto [n, reply] = std::move(open_.back());
      open_.pop_back();
      const auto draw = random_.below(20);
      lock.unlock();
      if (draw == 0) reply.fail("it is busy");
      if (draw != 1) reply(2 * n);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<int, Reply<int>>> open_;
  base::Random random_;
  bool is_closing_ = false;
  std::vector<std::thread> threads_;
};

Job asking(std::uint64_t seed, const std::shared_ptr<Service>& service,
           const testing::TransactionLog<int>& output) {
  std::vector<int> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0);
  Job job{"asking",
          {.parallelism = 2,
           .checkpoint = {.every = 5ms, .tolerable_failures = 1000},
           .restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms})}};
  job.source("numbers",
             testing::ReplayLog<int>{rows, 4, {.rows_per_poll = 20, .pause = 500us}}.source())
      .async("counts",
             [service](const int& n, Reply<int> reply) { service->ask(n, std::move(reply)); },
             {.order = seed % 2 == 0 ? AsyncOrder::ordered : AsyncOrder::unordered,
              .capacity = 16,
              .retry = {.attempts = 100, .pause = 100us}})
      .sink("out", output.sink());
  return job;
}

}  // namespace

TEST_CASE("on real threads each answer is passed on once, whoever dies", "[cluster][async]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    const auto service = std::make_shared<Service>(seed);
    const testing::TransactionLog<int> output;
    base::MemoryEnv env;
    auto hosted = host_job(asking(seed, service, output), {.run = "r"}, env, base::silent_logger());
    REQUIRE(hosted.ok());
    base::Random random{seed};
    const std::vector<ChaosRule> rules{
        {"counts/0", AtCheckpoint{1 + random.below(4), Phase::snapshotted}},
        {"counts/1", AfterRecords{1 + random.below(kRows / 4)}},
        {"any", AtRandom{.per_second = 50, .seed = seed, .times = 3}}};
    auto cluster = LocalCluster::start(std::move(hosted).value(), {.chaos = rules}, env,
                                       base::silent_logger());
    REQUIRE(cluster.ok());
    const runtime::JobOutcome outcome = (*cluster)->wait();
    INFO(outcome.reason);
    REQUIRE(outcome.kind == runtime::JobOutcome::Kind::finished);
    std::vector<int> answers = output.committed();
    std::sort(answers.begin(), answers.end());
    std::vector<int> expected(kRows);
    for (int i = 0; i < kRows; ++i) expected[static_cast<std::size_t>(i)] = 2 * i;
    CHECK(answers == expected);
    const auto restarts = static_cast<std::uint64_t>((*cluster)->view().restarts);
    CHECK(restarts >= 1);
    return test::Figures{.plans = 1, .restarts = restarts};
  });
}

TEST_CASE("a service may answer when its job is gone", "[cluster][async]") {
  std::vector<Reply<int>> open;
  std::mutex mutex;
  std::condition_variable changed;
  {
    Job job{"asking", {.parallelism = 1}};
    job.source("numbers", testing::ReplayLog<int>{{1, 2, 3}}.source())
        .async("counts",
               [&](const int&, Reply<int> reply) {
                 const std::lock_guard lock{mutex};
                 open.push_back(std::move(reply));
                 changed.notify_all();
               })
        .sink("out", testing::TransactionLog<int>{}.sink());
    base::MemoryEnv env;
    auto hosted = host_job(job, {.run = "r"}, env, base::silent_logger());
    REQUIRE(hosted.ok());
    auto cluster = LocalCluster::start(std::move(hosted).value(), {}, env, base::silent_logger());
    REQUIRE(cluster.ok());
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 1min, [&] { return open.size() == 3; }));
  }
  open[0](10);
  open[1].fail("too late");
}
