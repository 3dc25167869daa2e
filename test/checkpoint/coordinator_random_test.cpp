// The coordinator under random answers.
#include "base/random.hpp"
#include "test/checkpoint/coordinated_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::find;
using Job = test::CoordinatedJob;

TEST_CASE("random answers never break the coordinator's promises", "[coordinator]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Job job{{.every = 1s,
             .timeout = 5s,
             .max_concurrent = 1 + static_cast<int>(random.below(3)),
             .tolerable_failures = 1000,
             .retained = 1 + static_cast<int>(random.below(3))}};
    std::set<CheckpointId> reserved, triggered, ended, undecided;
    std::vector<CheckpointId> waiting_reserve, waiting_publish;
    CheckpointId newest;
    const auto see = [&](const Actions& actions) {
      if (const auto* completed = find<NotifyCompleted>(actions))
        undecided.erase(undecided.begin(), undecided.lower_bound(completed->report.id));
      for (const Action& action : actions) {
        if (const auto* a = std::get_if<ReserveId>(&action)) {
          REQUIRE(a->id > newest);
          newest = a->id;
          waiting_reserve.push_back(a->id);
        } else if (const auto* t = std::get_if<TriggerSources>(&action)) {
          REQUIRE(reserved.contains(t->barrier.id));
          REQUIRE(triggered.insert(t->barrier.id).second);
        } else if (const auto* p = std::get_if<Publish>(&action)) {
          REQUIRE(p->states.size() == 2);
          waiting_publish.push_back(p->barrier.id);
        } else if (const auto* c = std::get_if<NotifyCompleted>(&action)) {
          REQUIRE(ended.insert(c->report.id).second);
        } else if (const auto* n = std::get_if<NotifyAborted>(&action)) {
          REQUIRE(ended.insert(n->id).second);
        } else if (const auto* d = std::get_if<DropFiles>(&action)) {
          const auto& kept = job.coordinator.retained();
          REQUIRE(std::find(kept.begin(), kept.end(), d->id) == kept.end());
          REQUIRE_FALSE(undecided.contains(d->id));
        }
      }
    };
    for (int step = 0; step < 400; ++step) {
      const CheckpointId any{1 + random.below(newest.value() + 1)};
      switch (random.below(6)) {
        case 0:
          job.tick(job.now + std::chrono::milliseconds{random.below(1500)});
          see(job.last);
          break;
        case 1:
          if (waiting_reserve.empty()) break;
          reserved.insert(waiting_reserve.back());
          see(job.reserved(waiting_reserve.back(),
                           random.chance(0.1) ? Status{ErrorCode::unavailable, "x"} : Status{}));
          waiting_reserve.pop_back();
          break;
        case 2:
        case 3: see(job.ack(any, static_cast<std::uint32_t>(random.below(3)))); break;
        case 4:
          if (random.chance(0.2)) see(job.decline(any));
          break;
        case 5:
          if (waiting_publish.empty()) break;
          if (random.chance(0.2)) {
            undecided.insert(waiting_publish.front());
            see(job.published(waiting_publish.front(), {ErrorCode::unknown_outcome, "x"}));
          } else {
            see(job.published(waiting_publish.front()));
          }
          waiting_publish.erase(waiting_publish.begin());
          break;
      }
    }
  }
}
