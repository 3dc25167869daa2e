// ChaosController: carries out chaos rules on the actors of a job.
#pragma once

#include "actors/roster.hpp"
#include "base/fault_points.hpp"
#include "base/log.hpp"
#include "runtime/graph/plan.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir::actors {

/// Decides at each named moment who must die. May be called from any thread.
class ChaosController final : public base::FaultPoints {
public:
  /// `roster` and `log` must outlive the controller.
  ChaosController(Roster& roster, base::Logger& log) : roster_{roster}, log_{log} {}

  /// Adds rules. `invalid_argument` if a victim does not exist in the plan.
  Status arm(const runtime::Plan& plan, const std::vector<ChaosRule>& rules);

  bool armed() const noexcept override { return waiting_.load(std::memory_order_relaxed) != 0; }
  bool reached(std::string_view who, Phase phase, std::uint64_t checkpoint) override;
  bool processed(std::string_view who, std::uint64_t count) override;

  /// Kills somebody now, by name or "any" by `dice`.
  void kill(const std::string& victim, std::uint64_t dice = 0);

  /// Returns the rules that kill at random moments and have not been taken yet; whoever hosts the
  /// job carries them out by a `random_killer` each.
  std::vector<ChaosRule> take_random_rules() { return std::exchange(random_rules_, {}); }

private:
  struct Armed {
    ChaosRule rule;
    bool fires_at_victim = false;  // the moment happens at the victim, so only there
  };

  template <class Matches>
  bool fire(std::string_view who, Matches matches);

  Roster& roster_;
  base::Logger& log_;
  std::atomic<std::size_t> waiting_{0};  // rules that have not fired
  std::mutex mutex_;
  std::vector<Armed> rules_;  // guarded by mutex_
  std::vector<ChaosRule> random_rules_;
};

}  // namespace weir::actors
