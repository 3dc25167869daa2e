#include "base/parallel.hpp"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

namespace weir::base {
namespace {

/// That work on one thing; more would only wait for its disk.
constexpr std::size_t kThreadsMost = 4;

/// What is to be done, shared by those who do it.
class Parts {
public:
  Parts(std::size_t n, const std::function<Status(std::size_t)>& work) : n_{n}, work_{work} {}

  /// Does one part after the other, until none is left to be begun. Those who come when all has
  /// been done do not touch `work`, which is gone by then.
  void run() {
    std::unique_lock lock{mutex_};
    while (next_ < n_) {
      const std::size_t part = next_++;
      ++running_;
      lock.unlock();
      Outcome outcome = run(part);
      lock.lock();
      --running_;
      note(part, std::move(outcome));
    }
    if (running_ == 0) ended_.notify_all();
  }

  /// Waits for the others.
  Status join() {
    std::unique_lock lock{mutex_};
    ended_.wait(lock, [this] { return running_ == 0; });
    if (failure_.thrown) std::rethrow_exception(failure_.thrown);
    return failure_.status;
  }

private:
  struct Outcome {
    Status status = {};
    std::exception_ptr thrown = {};
  };

  Outcome run(std::size_t part) const {
    try {
      return {work_(part)};
    } catch (...) {
      return {{}, std::current_exception()};
    }
  }

  void note(std::size_t part, Outcome outcome) {
    if (outcome.status.ok() && !outcome.thrown) return;
    next_ = n_;
    if (part >= failed_) return;
    failed_ = part;
    failure_ = std::move(outcome);
  }

  const std::size_t n_;
  const std::function<Status(std::size_t)>& work_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t next_ = 0;                               // guarded by mutex_
  std::size_t running_ = 0;                            // likewise
  std::size_t failed_ = static_cast<std::size_t>(-1);  // the smallest part that has; likewise
  Outcome failure_;                                    // its own; likewise
};

}  // namespace

Status for_each_parallel(BlockingPool* pool, std::size_t n,
                         const std::function<Status(std::size_t)>& work) {
  const auto parts = std::make_shared<Parts>(n, work);
  for (std::size_t i = 1; pool != nullptr && i < n && i < kThreadsMost; ++i) {
    if (!pool->offer([parts] { parts->run(); })) break;
  }
  parts->run();
  return parts->join();
}

}  // namespace weir::base
