// LeaderElection: one candidate's way to the leadership of a cluster and out of it. Pure: events
// in, actions out; whoever carries it calls the HaStore in a pool and reports what came of it.
//
//             nobody leads, or no sign of life for `takeover`           heartbeat written
//   standby ────────────────────────────────────────────► claiming ──► confirming ────────► leading
//      ▲                                                      │             │                   │
//      └──────── failed, or another was faster ◄──────────────┴─────────────┘                   │
//      └──────── fenced, or no heartbeat written for `step_down` ◄──────────────────────────────┘
//
// Invariants
//  - At most one call of the store is under way, besides `Resign`.
//  - Only this candidate's monotonic clock is read: no two machines' clocks are compared.
//  - A leader counts from before it began to write its last heartbeat, a standby from after it had
//    read it, up to before it began to read it once more unchanged. So a leader that runs steps
//    down at least `takeover - step_down` before a standby claims, as long as their clocks drift
//    apart by less than `takeover / step_down`.
//  - A candidate that is frozen between its decision and its claim deposes nobody but the leader
//    that it saw: the claim names it.
//  - A leader that is frozen cannot step down. It is fenced by the store; `leads` says no as soon
//    as it looks at the clock.
#pragma once

#include "base/random.hpp"
#include "runtime/ha/ha_store.hpp"

#include <weir/time.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::runtime {

// What the carrier must do. Answers name the `call` that they belong to.
struct LookAtStore {  // HaStore::look as a candidate; answer with on_looked
  std::uint64_t call = 0;
};
struct ClaimLeadership {  // HaStore::claim; answer with on_claimed
  std::uint64_t call = 0;
  LeaderEpoch newest;
};
struct WriteHeartbeat {  // HaStore::beat; answer with on_beaten
  std::uint64_t call = 0;
  LeaderEpoch epoch;
};
struct Resign {  // HaStore::resign; no answer
  LeaderEpoch epoch;
};
struct LeadershipGranted {
  LeaderEpoch epoch;
};
struct LeadershipLost {  // stop everything that is done as the leader
  LeaderEpoch epoch;
  std::string reason;
};
struct LeaderSeen {  // another leads, or nobody
  std::optional<Leader> leader;
};
struct StoreFailed {  // to be logged; it is tried again
  Status status;
};

using ElectionAction = std::variant<LookAtStore, ClaimLeadership, WriteHeartbeat, Resign,
                                    LeadershipGranted, LeadershipLost, LeaderSeen, StoreFailed>;
using ElectionActions = std::vector<ElectionAction>;

/// How long a leader and those who wait for its end have patience.
struct ElectionTimes {
  Duration heartbeat = std::chrono::milliseconds{500};  // between heartbeats, and between looks
  /// A leader that could not write one for so long leads no longer.
  Duration step_down = std::chrono::seconds{2};
  /// A leader that has shown none for so long is replaced. Above `step_down`.
  Duration takeover = std::chrono::seconds{3};
  /// A store that fails is asked again after `heartbeat`, then after twice as long each time, but
  /// at least this often.
  Duration retry_max = std::chrono::seconds{5};
};

/// See the file comment. `now` is this machine's monotonic time.
class LeaderElection {
public:
  /// `seed` spreads candidates, so that they do not all claim at once.
  LeaderElection(const ElectionTimes& times, std::uint64_t seed);

  ElectionActions on_start(Duration now);
  /// Time has passed; to be called at `next_wake` at the latest.
  ElectionActions on_tick(Duration now);
  ElectionActions on_looked(std::uint64_t call, const Result<Sighting>& seen, Duration now);
  ElectionActions on_claimed(std::uint64_t call, const Result<LeaderEpoch>& claimed, Duration now);
  ElectionActions on_beaten(std::uint64_t call, const Status& status, Duration now);
  /// Something that was done as the leader was answered with `fenced`.
  ElectionActions on_fenced(LeaderEpoch epoch, Duration now);

  /// Whether it leads at `now`: to be asked before doing what only the leader may.
  bool leads(Duration now) const;
  std::optional<Duration> next_wake() const;

private:
  enum class Role : std::uint8_t { standby, claiming, confirming, leading };

  std::uint64_t begin_call(Duration now);
  bool end_call(std::uint64_t call);
  bool is_too_late(Duration now) const { return now - last_beat_ >= times_.step_down; }
  void beat(Duration now, ElectionActions& actions);
  void lose(std::string reason, Duration now, ElectionActions& actions);
  void stand_by(Duration now);
  void retry(const Status& status, Duration now, ElectionActions& actions);

  ElectionTimes times_;
  base::Random random_;
  Role role_ = Role::standby;
  std::uint64_t calls_ = 0;            // begun so far
  std::optional<std::uint64_t> busy_;  // the call that is under way
  Duration began_{};                   // when it was begun
  Duration next_at_{};                 // when the next one is due
  int failures_ = 0;                   // of the store, one after the other
  std::optional<std::string> sign_;    // of the leader, as last seen
  Duration sign_since_{};              // when it was first seen
  Duration patience_{};                // how long it may stay the same
  std::optional<Leader> announced_;    // with LeaderSeen
  bool has_announced_ = false;
  LeaderEpoch epoch_;     // claimed
  Duration last_beat_{};  // when the last one that was written was begun
};

}  // namespace weir::runtime
