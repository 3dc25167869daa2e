#include "runtime/ha/leader_election.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

LeaderElection::LeaderElection(const ElectionTimes& times, std::uint64_t seed)
    : times_{times}, random_{seed} {
  WEIR_ASSERT(times.heartbeat < times.step_down && times.step_down < times.takeover,
              "a leader must have stepped down before it is replaced");
}

ElectionActions LeaderElection::on_start(Duration now) {
  next_at_ = now;
  return on_tick(now);
}

ElectionActions LeaderElection::on_tick(Duration now) {
  ElectionActions actions;
  if (role_ == Role::leading && is_too_late(now))
    lose("no heartbeat could be written for " + base::format_duration(times_.step_down), now,
         actions);
  if (busy_ || now < next_at_) return actions;
  if (role_ == Role::standby)
    actions.push_back(LookAtStore{begin_call(now)});
  else
    beat(now, actions);
  return actions;
}

ElectionActions LeaderElection::on_looked(std::uint64_t call, const Result<Sighting>& seen,
                                          Duration now) {
  ElectionActions actions;
  if (!end_call(call)) return actions;
  if (!seen.ok()) {
    retry(seen.status(), now, actions);
    return actions;
  }
  failures_ = 0;
  if (!has_announced_ || announced_ != seen->leader) {
    has_announced_ = true;
    announced_ = seen->leader;
    actions.push_back(LeaderSeen{announced_});
  }
  if (sign_ != seen->sign) {
    sign_ = seen->sign;
    sign_since_ = now;
    const auto spread = static_cast<std::uint64_t>(times_.heartbeat.count());
    patience_ = times_.takeover + Duration{static_cast<Duration::rep>(random_.below(spread + 1))};
  }
  if (seen->is_free || began_ - sign_since_ >= patience_) {
    role_ = Role::claiming;
    actions.push_back(ClaimLeadership{begin_call(now), seen->newest});
  } else {
    next_at_ = now + times_.heartbeat;
  }
  return actions;
}

ElectionActions LeaderElection::on_claimed(std::uint64_t call, const Result<LeaderEpoch>& claimed,
                                           Duration now) {
  ElectionActions actions;
  if (!end_call(call)) return actions;
  if (claimed.ok()) {
    failures_ = 0;
    epoch_ = *claimed;
    role_ = Role::confirming;
    beat(now, actions);
    return actions;
  }
  stand_by(now);
  const ErrorCode code = claimed.status().code();
  const bool was_late = code == ErrorCode::fenced || code == ErrorCode::failed_precondition;
  if (!was_late) retry(claimed.status(), now, actions);
  return actions;
}

ElectionActions LeaderElection::on_beaten(std::uint64_t call, const Status& status, Duration now) {
  ElectionActions actions;
  if (!end_call(call)) return actions;
  if (role_ == Role::standby) {  // it had stepped down meanwhile
    next_at_ = now;
    return actions;
  }
  if (!status.ok()) {
    if (status.code() == ErrorCode::fenced || role_ == Role::confirming)
      lose(status.message(), now, actions);
    if (status.code() != ErrorCode::fenced) retry(status, now, actions);
    return actions;
  }
  failures_ = 0;
  last_beat_ = began_;
  next_at_ = began_ + times_.heartbeat;
  if (role_ == Role::leading || is_too_late(now)) return actions;
  role_ = Role::leading;
  actions.push_back(LeadershipGranted{epoch_});
  return actions;
}

ElectionActions LeaderElection::on_fenced(LeaderEpoch epoch, Duration now) {
  ElectionActions actions;
  const bool is_own = role_ == Role::leading || role_ == Role::confirming;
  if (is_own && epoch == epoch_) lose("another has become the leader", now, actions);
  return actions;
}

bool LeaderElection::leads(Duration now) const {
  return role_ == Role::leading && !is_too_late(now);
}

std::optional<Duration> LeaderElection::next_wake() const {
  std::optional<Duration> wake;
  if (!busy_) wake = next_at_;
  if (role_ == Role::leading) {
    const Duration deadline = last_beat_ + times_.step_down;
    wake = wake ? std::min(*wake, deadline) : deadline;
  }
  return wake;
}

std::uint64_t LeaderElection::begin_call(Duration now) {
  WEIR_ASSERT(!busy_, "one call of the store at a time");
  began_ = now;
  return *(busy_ = ++calls_);
}

bool LeaderElection::end_call(std::uint64_t call) {
  if (busy_ != call) return false;
  busy_.reset();
  return true;
}

void LeaderElection::beat(Duration now, ElectionActions& actions) {
  actions.push_back(WriteHeartbeat{begin_call(now), epoch_});
}

void LeaderElection::lose(std::string reason, Duration now, ElectionActions& actions) {
  if (role_ == Role::leading) actions.push_back(LeadershipLost{epoch_, std::move(reason)});
  actions.push_back(Resign{epoch_});
  stand_by(now);
}

/// Looks at the leader as if for the first time: a claim that failed may have changed its sign.
void LeaderElection::stand_by(Duration now) {
  role_ = Role::standby;
  sign_.reset();
  has_announced_ = false;
  next_at_ = now + times_.heartbeat;
}

void LeaderElection::retry(const Status& status, Duration now, ElectionActions& actions) {
  actions.push_back(StoreFailed{status});
  // A leader goes on to try as often as it can: its time is running out.
  const int doublings = role_ == Role::standby ? std::min(failures_, 16) : 0;
  ++failures_;
  next_at_ = now + std::min(times_.heartbeat * (1 << doublings), times_.retry_max);
}

}  // namespace weir::runtime
