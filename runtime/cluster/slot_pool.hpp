// SlotPool: which job holds which slots of the cluster, and which jobs wait for some. Pure: events
// in, actions out; the master carries it.
//
// Invariants
//  - A job holds all the slots that it needs, or waits and holds none.
//  - Requests are served by the age of the job: none is served while an older job waits, so that
//    no job waits for ever behind smaller ones, or loses its place by a restart.
//  - New slots are given on ready workers only; those that a job holds it keeps while their worker
//    drains or joins again.
#pragma once

#include "runtime/cluster/membership.hpp"
#include "runtime/cluster/slots.hpp"

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace weir::runtime {

// What the carrier must do.
struct SlotsGranted {  // deploy the job there
  JobId job;
  Placement placement;
};
struct SlotsShort {  // show that the job waits; comes again when the numbers change
  JobId job;
  Shortage shortage;
};
struct SlotsTimedOut {  // fail the job
  JobId job;
  Status status;
};
struct SlotsLost {  // what ran in these slots has failed; request anew to go on
  JobId job;
  WorkerId worker;
  std::vector<std::uint32_t> slots;
};

using SlotAction = std::variant<SlotsGranted, SlotsShort, SlotsTimedOut, SlotsLost>;
using SlotActions = std::vector<SlotAction>;

/// See the file comment. `now` is monotonic time.
class SlotPool {
public:
  struct Options {
    Duration request_timeout = std::chrono::minutes{5};  // slot.request.timeout
    SlotSpread spread = SlotSpread::even;
  };

  explicit SlotPool(const Options& options) : options_{options} {}

  /// The members of the cluster have changed.
  SlotActions on_members(const Membership& view);
  /// A job needs slots, at least 1: at its start, or anew after a failure. What it holds is given
  /// back first, but it prefers the same places.
  SlotActions on_request(JobId job, std::uint32_t needed, Duration now);
  /// A job gives back what it holds, and will request slots later: it prefers the same places then.
  SlotActions on_vacate(JobId job);
  /// Finds new slots for those that a job has lost and leaves the others where they are, for a job
  /// of which a part goes on. Returns what it holds then; none if it holds nothing, or if too few
  /// slots are free: then it must request all of them anew.
  std::optional<Placement> refill(JobId job);
  /// A job has ended: whether it holds slots, waits, or neither.
  SlotActions on_release(JobId job);
  /// Time has passed; to be called at `next_wake`.
  SlotActions on_tick(Duration now);
  /// When `on_tick` is needed next; none if no job waits.
  std::optional<Duration> next_wake() const;

  /// The slots that a job holds, with those on lost workers until it requests anew; or nullptr.
  const Placement* lease(JobId job) const;
  /// Jobs that hold slots of a worker: a draining one may go when there are none.
  std::set<JobId> jobs_on(WorkerId worker) const;
  /// How many slots a job could get if no other took any: the free ones and its own on ready
  /// workers.
  std::uint32_t available_to(JobId job) const;
  /// Every worker's slots.
  const SlotsByWorker& workers() const { return workers_; }

private:
  struct Request {
    std::uint32_t needed = 0;
    Duration deadline{};
    Shortage shown = {};
  };

  void vacate(JobId job);
  void give_back(const Placement& placement);
  void take(const Placement& placement);
  void serve(SlotActions& actions);

  Options options_;
  SlotsByWorker workers_;
  std::map<JobId, Placement> leases_;
  std::map<JobId, Placement> before_;  // of jobs that wait: where they ran last
  std::map<JobId, Request> waiting_;
};

}  // namespace weir::runtime
