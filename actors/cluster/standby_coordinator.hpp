// StandbyCoordinator: one of several coordinators of a cluster. It campaigns; while it leads it
// has the master, and goes on with the jobs that leaders before it have left.
//
//   standing by ──► leading ──► over
//
// One object leads at most once. Who wants to stand by again makes another: nothing of what was
// done as the leader can be in the way then.
#pragma once

#include "actors/cluster/candidate_actor.hpp"
#include "actors/cluster/coordinator_process.hpp"
#include "runtime/ha/ha_options.hpp"

#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

struct StandbyOptions {
  CoordinatorOptions coordinator = {};  // the port must be given
  runtime::ElectionTimes times = {};
  std::uint64_t seed = 0;  // spreads candidates
};

/// See the file comment.
class StandbyCoordinator {
public:
  /// What `wait` has seen.
  enum class Event : std::uint8_t { none, leads, over };

  /// Begins to campaign. `store`, `jobs`, `env` and `log` must outlive the object.
  static Result<std::unique_ptr<StandbyCoordinator>> start(StandbyOptions options,
                                                           runtime::HaStore& store,
                                                           JobFactory& jobs, Env& env,
                                                           base::Logger& log);
  /// Ends its jobs, then the leadership: another may go on with them at once.
  ~StandbyCoordinator();
  StandbyCoordinator(const StandbyCoordinator&) = delete;
  StandbyCoordinator& operator=(const StandbyCoordinator&) = delete;

  /// Waits until it becomes the leader or is one no more, or `limit` has passed. When it becomes
  /// the leader, reads what is stored, and listens. Errors end it: the port is in use, a record is
  /// damaged.
  Result<Event> wait(Duration limit);

  /// Why it is over.
  std::string reason() const;

private:
  class Term;

  StandbyCoordinator(StandbyOptions options, runtime::HaStore& store, base::Logger& log,
                     std::unique_ptr<Process> process);
  Result<Event> lead(LeaderEpoch epoch);
  void end_candidate();

  StandbyOptions options_;
  runtime::HaStore& store_;
  base::Logger& log_;
  std::shared_ptr<Term> term_;
  std::unique_ptr<base::ThreadPool> pool_;  // of the election; jobs may keep the other one busy
  std::unique_ptr<Process> process_;
  CandidateActor candidate_;
  bool has_led_ = false;
};

}  // namespace weir::actors
