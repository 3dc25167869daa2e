#include "actors/chaos_controller.hpp"

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

bool happens_at(const runtime::Plan& plan, const std::string& victim, Phase phase) {
  if (victim == "coordinator") return phase == Phase::completed || phase == Phase::committing;
  const auto subtask = plan.find(victim);
  if (!subtask) return false;
  switch (phase) {
    case Phase::triggered: return plan.is_source(subtask->vertex);
    case Phase::aligning: return !plan.is_source(subtask->vertex);
    case Phase::completed: return false;
    case Phase::snapshotted:
    case Phase::acknowledged:
    case Phase::committing: return true;
  }
  return false;
}

}  // namespace

Status ChaosController::arm(const runtime::Plan& plan, const std::vector<ChaosRule>& rules) {
  const std::lock_guard lock{mutex_};
  for (ChaosRule rule : rules) {
    const bool is_special =
        rule.victim == "any" || rule.victim == "coordinator" || rule.victim == "node";
    if (!is_special) {
      const auto subtask = plan.find(rule.victim);
      if (!subtask) {
        std::string known;
        for (const auto id : plan.subtasks()) known += " " + plan.name_of(id);
        return {ErrorCode::invalid_argument, "chaos rule: there is no \"" + rule.victim +
                                                 "\" to kill; there are" + known +
                                                 ", coordinator, node and any"};
      }
      rule.victim = plan.name_of(*subtask);
    }
    if (std::holds_alternative<AtRandom>(rule.when)) {
      random_rules_.push_back(std::move(rule));
      continue;
    }
    Armed armed{rule, rule.victim == "any"};
    if (const auto* moment = std::get_if<AtCheckpoint>(&rule.when))
      armed.fires_at_victim = armed.fires_at_victim || happens_at(plan, rule.victim, moment->phase);
    if (std::holds_alternative<AfterRecords>(rule.when))
      armed.fires_at_victim = armed.fires_at_victim || !is_special;
    rules_.push_back(std::move(armed));
    ++waiting_;
  }
  return {};
}

/// Carries out the first rule that matches; returns whether `who` itself must die.
template <class Matches>
bool ChaosController::fire(std::string_view who, Matches matches) {
  std::string victim;
  {
    const std::lock_guard lock{mutex_};
    const auto at = std::find_if(rules_.begin(), rules_.end(), [&](const Armed& armed) {
      const bool is_here =
          !armed.fires_at_victim || armed.rule.victim == "any" || armed.rule.victim == who;
      return is_here && matches(armed.rule);
    });
    if (at == rules_.end()) return false;
    victim = at->rule.victim == "any" ? std::string{who} : at->rule.victim;
    rules_.erase(at);
    --waiting_;
  }
  log_.warn("chaos kills", {{"victim", victim}, {"at", who}});
  if (victim == who) return true;
  roster_.kill(victim);
  return false;
}

bool ChaosController::reached(std::string_view who, Phase phase, std::uint64_t checkpoint) {
  return fire(who, [&](const ChaosRule& rule) {
    const auto* moment = std::get_if<AtCheckpoint>(&rule.when);
    return moment != nullptr && moment->phase == phase && checkpoint >= moment->number;
  });
}

bool ChaosController::processed(std::string_view who, std::uint64_t count) {
  return fire(who, [&](const ChaosRule& rule) {
    const auto* moment = std::get_if<AfterRecords>(&rule.when);
    return moment != nullptr && count >= moment->count;
  });
}

void ChaosController::kill(const std::string& victim, std::uint64_t dice) {
  std::string name = victim;
  if (name == "any") {
    const auto names = roster_.names();
    if (names.empty()) return;
    name = names[dice % names.size()];
  }
  log_.warn("chaos kills", {{"victim", name}});
  roster_.kill(name);
}

}  // namespace weir::actors
