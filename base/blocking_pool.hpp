// BlockingPool: where work that may block runs, so that actor threads never wait for a disk.
//
// Work gets no reference to an actor's memory; its result goes back as a message. Under simulation
// the pool is a queue that the simulator drains in an order drawn from the seed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::base {

/// Runs work away from the actor threads. `submit` may be called from any thread.
class BlockingPool {
public:
  virtual ~BlockingPool() = default;

  /// Runs `work` once, some time later. It must not throw.
  virtual void submit(std::function<void()> work) = 0;

  /// Begins `work` at once if a thread is idle and another one stays so; else does nothing and
  /// returns false. It must not throw.
  virtual bool offer([[maybe_unused]] std::function<void()> work) { return false; }
};

/// A fixed number of threads with one queue. The destructor finishes what was submitted.
class ThreadPool final : public BlockingPool {
public:
  /// Starts `threads` threads, at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void submit(std::function<void()> work) override;
  bool offer(std::function<void()> work) override;

private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  std::size_t idle_ = 0;                     // threads that wait, guarded by mutex_
  bool closing_ = false;                     // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace weir::base
