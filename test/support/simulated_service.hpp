// A service that a job asks, on a simulated machine: it answers after a while, in another order,
// and not always.
#pragma once

#include "base/random.hpp"

#include <weir/async.hpp>
#include <weir/testing/cluster.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::test {

/// How it is to the jobs that ask it. Chances are from 0 to 1.
struct Manners {
  Duration slowest = std::chrono::milliseconds{30};  // an answer takes up to so long
  double at_once = 0.1;                              // chance of an answer within the call
  double fails = 0.1;                                // of an error instead
  double drops = 0.02;                               // of losing the request
  double repeats = 0.05;                             // of answering once more
};

/// Copies are the same service. What it does is decided by `seed` and by who asks when.
class SimulatedService {
public:
  SimulatedService(const testing::Cluster& cluster, std::uint64_t seed, Manners manners = {})
      : cluster_{&cluster}, books_{std::make_shared<Books>(Books{manners, base::Random{seed}})} {}

  /// Answers with `result`, some time.
  template <class R>
  void ask(weir::Reply<R> reply, R result) const {
    base::Random& random = books_->random;
    const Manners& manners = books_->manners;
    books_->open_max = std::max(books_->open_max, ++books_->open);
    ++books_->asked;
    if (random.chance(manners.at_once)) return answer(reply, std::move(result));
    const bool fails = random.chance(manners.fails);
    const bool drops = random.chance(manners.drops);
    const bool repeats = random.chance(manners.repeats);
    const Duration delay{static_cast<Duration::rep>(
        random.below(static_cast<std::uint64_t>(manners.slowest.count())))};
    cluster_->call_later(delay, [=, *this] {
      if (drops) return void(--books_->open);
      if (fails) {
        --books_->open;
        return reply.fail("the service is busy");
      }
      answer(reply, result);
      if (repeats) reply(result);
    });
  }

  /// How many requests it has had.
  int asked() const { return books_->asked; }
  /// How many it had at a time, at most.
  int open_max() const { return books_->open_max; }

private:
  struct Books {
    Manners manners;
    base::Random random;
    int asked = 0;
    int open = 0;
    int open_max = 0;
  };

  template <class R>
  void answer(const weir::Reply<R>& reply, R result) const {
    --books_->open;
    reply(std::move(result));
  }

  const testing::Cluster* cluster_;
  std::shared_ptr<Books> books_;
};

}  // namespace weir::test
