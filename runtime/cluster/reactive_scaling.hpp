// ReactiveScaling: the parallelism of a job that takes all slots there are (`scheduler-mode:
// reactive`): with how many subtasks it begins, and when it is to change. Pure: events in, actions
// out; the master carries it, one for each job.
//
//            enough slots, and no more come          the job has its slots
//   waiting ─────────────────────────────► starting ───────────────────────► running
//    ▲  ▲                                     │                               │   │
//    │  └───────── fewer than decided ────────┘            more slots, and    │   │
//    │                                                     no others come     ▼   │
//    └─────── the job asks for slots: behind a checkpoint ◄──────────── rescaling │
//    └─────── the job asks for slots: it has failed, or a worker leaves ◄─────────┘
//
// Invariants
//  - A running job is never stopped for fewer slots: if it has lost some it fails by itself, and a
//    worker that leaves asks for it (RelocateJob).
//  - After a failure the job goes on at once with the slots that are left. Only where it has to
//    begin in an empty cluster it waits whether more workers come.
#pragma once

#include "runtime/cluster/membership.hpp"
#include "runtime/cluster/slots.hpp"

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::runtime {

struct ScalingOptions {
  /// How long a job waits for the fewest slots that it can run with before it fails.
  Duration wait_timeout = std::chrono::minutes{5};
  /// How long the number of slots must have stayed the same before a job begins.
  Duration start_stabilization = std::chrono::seconds{1};
  /// How long it must have stayed the same before a running job takes more of them.
  Duration running_stabilization = std::chrono::minutes{1};
  /// How long a job runs at least before it takes more slots.
  Duration cooldown = std::chrono::seconds{30};
};

// What the carrier must do.
struct StartWith {  // build the job with this parallelism, take its slots, and say on_granted
  std::uint32_t parallelism = 0;
  std::uint64_t decision = 0;  // see is_current
  std::string why = {};        // "rescaled from 2 to 3: worker w3 joined"; "" if nothing changes
};
struct ShowWaiting {  // to people
  std::string what;
};
struct WaitedTooLong {  // fail the job
  Status status;
};
struct Rescale {  // the job is to ask for slots anew, behind a checkpoint
  std::uint32_t to = 0;
};

using ScalingAction = std::variant<StartWith, ShowWaiting, WaitedTooLong, Rescale>;
using ScalingActions = std::vector<ScalingAction>;

/// See the file comment. `now` is monotonic time; `available` is the number of slots that the job
/// could get, with its own.
class ReactiveScaling {
public:
  ReactiveScaling(const ScalingOptions& options, SlotRange range)
      : options_{options}, range_{range} {}

  /// The members of the cluster have changed; also to be called at the beginning.
  ScalingActions on_members(const Membership& view, std::uint32_t available, Duration now);
  /// The job needs slots: at its start, after a failure, behind a checkpoint.
  ScalingActions on_request(std::uint32_t available, Duration now);
  /// The job has the slots of the last StartWith.
  void on_granted(Duration now);
  /// Time has passed; to be called at `next_wake`.
  ScalingActions on_tick(Duration now);
  /// When `on_tick` is needed next; none if only other events matter.
  std::optional<Duration> next_wake() const;

  /// Whether a StartWith is the last decision, and still to be carried out.
  bool is_current(std::uint64_t decision) const {
    return state_ == State::starting && decision == decision_;
  }

private:
  enum class State : std::uint8_t { idle, waiting, starting, running, rescaling };

  struct Known {
    std::string name;
    bool is_ready = false;
  };
  using Workers = std::map<WorkerId, Known>;

  std::uint32_t target() const { return reactive_parallelism(range_.most, available_); }
  bool is_enough() const { return available_ >= range_.least; }
  void note(std::uint32_t available, Duration now);
  bool may_grow() const { return state_ == State::running && target() > parallelism_; }
  Duration grows_at() const;
  Duration stable_at() const;
  void decide(Duration now, ScalingActions& actions);
  void start(ScalingActions& actions);
  void show(const std::string& what, ScalingActions& actions);
  std::string changes() const;

  ScalingOptions options_;
  SlotRange range_;
  State state_ = State::idle;
  std::uint32_t available_ = 0;
  Duration changed_at_{};             // available_
  Workers workers_;                   // all members
  std::uint32_t parallelism_ = 0;     // as decided last
  Workers decided_with_;              // members then
  std::uint32_t ran_with_ = 0;        // the parallelism that the job has or had last; 0: never
  Workers ran_on_;                    // members when that was decided
  std::uint64_t decision_ = 0;        // counts them
  bool awaits_more_ = true;           // whether it waits for the number to stay the same
  std::optional<Duration> deadline_;  // when waiting
  Duration running_since_{};          // when running
  std::string shown_;
};

}  // namespace weir::runtime
