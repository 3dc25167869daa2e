// What tests of several threads use in place of waiting for a while.
#pragma once

#include "base/blocking_pool.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weir::test {

/// Lets nobody go on until `n` have come; later ones pass.
class Gate {
public:
  explicit Gate(int n) : missing_{n} {}

  void pass() {
    std::unique_lock lock{mutex_};
    if (--missing_ == 0) all_.notify_all();
    all_.wait(lock, [this] { return missing_ <= 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable all_;
  int missing_;
};

/// A pool that always has a thread to spare.
class Generous final : public base::BlockingPool {
public:
  ~Generous() override {
    for (std::thread& thread : threads_) thread.join();
  }

  void submit(std::function<void()> work) override { threads_.emplace_back(std::move(work)); }
  bool offer(std::function<void()> work) override {
    submit(std::move(work));
    return true;
  }
  std::size_t threads() const { return threads_.size(); }

private:
  std::vector<std::thread> threads_;
};

}  // namespace weir::test
