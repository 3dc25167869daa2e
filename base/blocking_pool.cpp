#include "base/blocking_pool.hpp"

#include "base/assert.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace weir::base {
namespace {

/// Records go first: a snapshot may take longer to write, but it should not keep a subtask off its
/// core meanwhile. A tenth of a core is left even where all are busy.
void give_way_to_actors() {
  constexpr int kNiceness = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);  // Linux: of this thread
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  WEIR_ASSERT(threads >= 1, "a pool needs a thread");
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    WEIR_ASSERT(!closing_, "work submitted to a pool that is closing");
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

bool ThreadPool::offer(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    if (closing_ || idle_ < queue_.size() + 2) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void ThreadPool::run() {
  give_way_to_actors();
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // whatever it holds is released off the lock
    lock.lock();
  }
}

}  // namespace weir::base
