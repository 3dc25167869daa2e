#include "runtime/job/deadlock.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace weir::runtime {
namespace {

/// What a subtask needs to do; see the file comment.
struct Need {
  enum class Kind : std::uint8_t { takes, drains, forwards };
  Kind kind = Kind::drains;
  SubtaskId subtask = {};
  std::uint32_t channel = 0;     // of its input, for `takes`
  CheckpointId checkpoint = {};  // for `forwards`

  friend auto operator<=>(const Need&, const Need&) = default;
};

/// Whether a barrier of this checkpoint waits in a queue, and nothing but its turn can free it.
bool waits_for_turn(const std::vector<WaitingBarrier>& barriers, CheckpointId id) {
  return std::any_of(barriers.begin(), barriers.end(), [id](const WaitingBarrier& barrier) {
    return barrier.id == id && !barrier.may_overtake;
  });
}

/// Looks for a circle, depth first.
class CircleSearch {
public:
  CircleSearch(const Wiring& wiring, const Situations& situations)
      : wiring_{wiring}, situations_{situations} {}

  std::optional<Deadlock> find() {
    for (const auto& [subtask, situation] : situations_) {
      if (visit({.kind = Need::Kind::drains, .subtask = subtask})) return describe();
      for (std::uint32_t i = 0; i < situation.inputs.size(); ++i) {
        const Need takes{.kind = Need::Kind::takes, .subtask = subtask, .channel = i};
        if (situation.inputs[i].is_blocked && visit(takes)) return describe();
      }
    }
    return std::nullopt;
  }

private:
  using Needs = std::vector<Need>;
  enum class Mark : std::uint8_t { open, closed };

  const SubtaskSituation* situation(SubtaskId subtask) const {
    const auto at = situations_.find(subtask);
    return at == situations_.end() ? nullptr : &at->second;
  }

  /// Returns whether there is a circle; it is then the end of `way_`, from its first need on.
  bool visit(const Need& need) {
    const auto [mark, is_new] = marks_.try_emplace(need, Mark::open);
    if (!is_new) {
      if (mark->second == Mark::closed) return false;
      way_.erase(way_.begin(), std::find(way_.begin(), way_.end(), need));
      return true;
    }
    way_.push_back(need);
    for (const Need& next : needed_for(need)) {
      if (visit(next)) return true;
    }
    way_.pop_back();
    marks_[need] = Mark::closed;
    return false;
  }

  Needs needed_for(const Need& need) const {
    const SubtaskSituation* s = situation(need.subtask);
    if (s == nullptr) return {};
    switch (need.kind) {
      case Need::Kind::takes: return needed_to_take(need, *s);
      case Need::Kind::drains: return needed_to_drain(need.subtask, *s);
      case Need::Kind::forwards: return needed_to_forward(need.subtask, *s, need.checkpoint);
    }
    return {};
  }

  static bool has_backlog(const SubtaskSituation& s) {
    return std::any_of(s.outputs.begin(), s.outputs.end(),
                       [](const OutputSituation& output) { return output.waiting != 0; });
  }

  Needs needed_to_take(const Need& need, const SubtaskSituation& s) const {
    Needs needs;
    if (has_backlog(s)) needs.push_back({.kind = Need::Kind::drains, .subtask = need.subtask});
    if (!s.inputs[need.channel].is_blocked || !s.aligning || s.overtakes_later) return needs;
    for (std::uint32_t i = 0; i < s.inputs.size(); ++i)
      add_arrival(need.subtask, s, i, *s.aligning, needs);
    return needs;
  }

  Needs needed_to_drain(SubtaskId subtask, const SubtaskSituation& s) const {
    Needs needs;
    for (std::uint32_t i = 0; i < s.outputs.size(); ++i) {
      const auto& [peer, at_peer] = wiring_.at(subtask).outputs[i];
      const SubtaskSituation* receiver = situation(peer);
      if (receiver != nullptr && is_spent(s.outputs[i], receiver->inputs[at_peer]))
        needs.push_back({.kind = Need::Kind::takes, .subtask = peer, .channel = at_peer});
    }
    return needs;
  }

  /// Whether batches wait for credits, and the receiver has all that there are.
  static bool is_spent(const OutputSituation& output, const InputSituation& input) {
    const bool is_on_its_way =
        output.sent != input.received || output.window != input.batches + input.owed;
    return output.waiting != 0 && output.credits == 0 && !is_on_its_way && !input.is_feedback;
  }

  Needs needed_to_forward(SubtaskId subtask, const SubtaskSituation& s, CheckpointId id) const {
    Needs needs;
    if (s.emits_end && has_backlog(s)) needs.push_back({.subtask = subtask});
    for (std::uint32_t i = 0; i < s.inputs.size(); ++i) add_arrival(subtask, s, i, id, needs);
    return needs;
  }

  /// What a barrier needs that has not come on a channel: to be sent, and its turn. A channel that
  /// is blocked has had a barrier that goes with it: it is not waited for.
  void add_arrival(SubtaskId subtask, const SubtaskSituation& s, std::uint32_t channel,
                   CheckpointId id, Needs& needs) const {
    const InputSituation& input = s.inputs[channel];
    if (input.passed >= id || input.is_blocked || input.is_feedback) return;
    const auto& [peer, at_peer] = wiring_.at(subtask).inputs[channel];
    const SubtaskSituation* sender = situation(peer);
    const bool waits = waits_for_turn(input.barriers, id) ||
                       (sender != nullptr && waits_for_turn(sender->outputs[at_peer].barriers, id));
    if (waits) {
      needs.push_back({.kind = Need::Kind::takes, .subtask = subtask, .channel = channel});
    } else if (sender != nullptr && sender->handled < id) {
      needs.push_back({.kind = Need::Kind::forwards, .subtask = peer, .checkpoint = id});
    }
  }

  Deadlock describe() const {
    Deadlock deadlock;
    for (std::size_t i = 0; i < way_.size(); ++i) {
      const Need& next = way_[(i + 1) % way_.size()];
      if (is_own(way_[i], next)) continue;
      const std::string& who = wiring_.at(way_[i].subtask).name;
      deadlock.text += (deadlock.text.empty() ? who : ", which") + " waits for " + what_of(next) +
                       wiring_.at(next.subtask).name;
      deadlock.circle.push_back(way_[i].subtask);
    }
    return deadlock;
  }

  /// Whether a subtask needs this of itself.
  static bool is_own(const Need& need, const Need& next) {
    return next.kind == Need::Kind::drains ||
           (next.kind == Need::Kind::takes && need.kind != Need::Kind::drains);
  }

  static std::string what_of(const Need& need) {
    if (need.kind == Need::Kind::forwards)
      return "the barrier of checkpoint " + std::to_string(need.checkpoint.value()) + " from ";
    return "credits of ";
  }

  const Wiring& wiring_;
  const Situations& situations_;
  std::map<Need, Mark> marks_;
  std::vector<Need> way_;  // from where the search began to where it is
};

}  // namespace

std::optional<Deadlock> find_deadlock(const Wiring& wiring, const Situations& situations) {
  return CircleSearch{wiring, situations}.find();
}

bool has_stood_still(const Deadlock& deadlock, const Situations& before, const Situations& now) {
  return std::all_of(deadlock.circle.begin(), deadlock.circle.end(), [&](SubtaskId subtask) {
    const auto first = before.find(subtask);
    const auto second = now.find(subtask);
    return first != before.end() && second != now.end() &&
           first->second.handled == second->second.handled &&
           first->second.records_in == second->second.records_in &&
           first->second.inputs == second->second.inputs &&
           first->second.outputs == second->second.outputs;
  });
}

}  // namespace weir::runtime
