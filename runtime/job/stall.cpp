#include "runtime/job/stall.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <utility>

namespace weir::runtime {
namespace {

using Cause = Stall::Cause;

constexpr Duration kLongTurn = std::chrono::milliseconds{100};  // many times what a turn may take

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>{duration}.count());
  return text;
}

std::string percent(Duration part, const TimeSpent& spent) {
  const Duration total = std::max(spent.total(), Duration{1});
  return std::to_string(std::llround(100.0 * static_cast<double>(part.count()) /
                                     static_cast<double>(total.count()))) +
         " %";
}

const WaitingBarrier* find(const std::vector<WaitingBarrier>& barriers, CheckpointId id) {
  const auto at = std::find_if(barriers.begin(), barriers.end(),
                               [id](const WaitingBarrier& barrier) { return barrier.id == id; });
  return at == barriers.end() ? nullptr : &*at;
}

const SnapshotSituation* find(const std::vector<SnapshotSituation>& snapshots, CheckpointId id) {
  const auto at = std::find_if(snapshots.begin(), snapshots.end(),
                               [id](const SnapshotSituation& each) { return each.id == id; });
  return at == snapshots.end() ? nullptr : &*at;
}

/// Follows one checkpoint through a job.
class Search {
public:
  Search(const Wiring& wiring, CheckpointId id, const Situations& situations)
      : wiring_{wiring}, id_{id}, situations_{situations} {}

  Stall explain(const std::vector<SubtaskId>& missing) {
    missing_ = {missing.begin(), missing.end()};
    const auto first = std::find_if(missing.begin(), missing.end(),
                                    [this](SubtaskId each) { return is_behind(each); });
    if (first != missing.end()) {
      walk_up(*first);
    } else {
      const auto silent = std::find_if(missing.begin(), missing.end(),
                                       [this](SubtaskId each) { return !situation(each); });
      if (silent != missing.end())
        end(*silent, Cause::silent);
      else
        blame_snapshot(missing);
    }
    stall_.text = text();
    return std::move(stall_);
  }

private:
  /// Where the barrier is on a channel into a subtask, the more urgent to look at the smaller.
  enum class BarrierAt : std::uint8_t { unknown, not_sent, waits, on_its_way };

  const SubtaskSituation* situation(SubtaskId subtask) const {
    const auto at = situations_.find(subtask);
    return at == situations_.end() ? nullptr : &at->second;
  }
  const std::string& name(SubtaskId subtask) const { return wiring_.at(subtask).name; }

  /// Whether something has not come on the subtask's channels, or not left it, that it waits for.
  bool is_behind(SubtaskId subtask) const {
    const SubtaskSituation* s = situation(subtask);
    if (s == nullptr) return false;
    const SnapshotSituation* snapshot = find(s->snapshots, id_);
    return s->handled < id_ || (snapshot != nullptr && snapshot->is_recording);
  }

  void end(SubtaskId culprit, Cause cause) {
    stall_.culprit = culprit;
    stall_.cause = cause;
    stall_.path.push_back(culprit);
  }

  BarrierAt barrier_on(SubtaskId subtask, std::size_t channel) const {
    const InputSituation& input = situation(subtask)->inputs[channel];
    if (find(input.barriers, id_) != nullptr) return BarrierAt::waits;
    const auto& [peer, at_peer] = wiring_.at(subtask).inputs[channel];
    const SubtaskSituation* sender = situation(peer);
    if (sender == nullptr)  // whoever has answered has sent it
      return missing_.contains(peer) ? BarrierAt::unknown : BarrierAt::on_its_way;
    if (sender->handled < id_) return BarrierAt::not_sent;
    return find(sender->outputs[at_peer].barriers, id_) != nullptr ? BarrierAt::waits
                                                                   : BarrierAt::on_its_way;
  }

  /// Returns the channel to look at, of those on which the barrier has not come.
  std::optional<std::size_t> worst_channel(SubtaskId subtask) const {
    const auto& inputs = situation(subtask)->inputs;
    const bool is_recording = situation(subtask)->handled >= id_;
    std::optional<std::size_t> worst;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].passed >= id_ || (inputs[i].is_feedback && !is_recording)) continue;
      if (!worst || barrier_on(subtask, i) < barrier_on(subtask, *worst)) worst = i;
    }
    return worst;
  }

  void walk_up(SubtaskId subtask) {
    std::set<SubtaskId> seen;
    while (seen.insert(subtask).second) {
      const SubtaskSituation* s = situation(subtask);
      if (s == nullptr) return end(subtask, Cause::silent);
      if (wiring_.at(subtask).inputs.empty() && s->handled < id_)
        return end(subtask, s->emits_end ? Cause::emits_end : Cause::not_triggered);
      const auto channel = worst_channel(subtask);
      if (!channel) return walk_down(subtask);
      const SubtaskId sender = wiring_.at(subtask).inputs[*channel].peer;
      const BarrierAt barrier = barrier_on(subtask, *channel);
      if (barrier == BarrierAt::on_its_way || barrier == BarrierAt::waits) {
        stall_.sender = sender;
        ahead_ = batches_ahead(subtask, *channel);
        if (barrier == BarrierAt::waits) return walk_down(subtask);
        return end(subtask, Cause::on_its_way);
      }
      subtask = sender;
    }
    walk_down(subtask);
  }

  /// On both ends of a channel.
  std::uint32_t batches_ahead(SubtaskId subtask, std::size_t channel) const {
    const InputSituation& input = situation(subtask)->inputs[channel];
    if (const WaitingBarrier* barrier = find(input.barriers, id_)) return barrier->ahead;
    const auto& [peer, at_peer] = wiring_.at(subtask).inputs[channel];
    const SubtaskSituation* sender = situation(peer);
    if (sender == nullptr) return input.batches;
    const WaitingBarrier* barrier = find(sender->outputs[at_peer].barriers, id_);
    return input.batches + (barrier == nullptr ? 0 : barrier->ahead);
  }

  /// Returns the output channel that most waits on, of those without credits.
  static std::optional<std::size_t> fullest_output(const SubtaskSituation& s) {
    std::optional<std::size_t> fullest;
    for (std::size_t i = 0; i < s.outputs.size(); ++i) {
      if (s.outputs[i].waiting == 0 || s.outputs[i].credits != 0) continue;
      if (!fullest || s.outputs[i].waiting > s.outputs[*fullest].waiting) fullest = i;
    }
    return fullest;
  }

  void walk_down(SubtaskId subtask) {
    std::set<SubtaskId> seen;
    std::optional<std::size_t> from;  // the input channel that was followed
    while (true) {
      if (!seen.insert(subtask).second) return end(subtask, Cause::circle);
      const SubtaskSituation* s = situation(subtask);
      if (s == nullptr) return end(subtask, Cause::silent);
      const auto output = fullest_output(*s);
      if (!output) return end(subtask, cause_of_slowness(*s, from));
      stall_.path.push_back(subtask);
      const auto& [peer, at_peer] = wiring_.at(subtask).outputs[*output];
      subtask = peer;
      from = at_peer;
    }
  }

  static Cause cause_of_slowness(const SubtaskSituation& s, std::optional<std::size_t> from) {
    if (from && s.inputs[*from].is_blocked) return Cause::aligns;
    if (s.awaits_answers) return Cause::asks;
    return s.emits_end ? Cause::emits_end : Cause::busy;
  }

  /// All have sent the barrier on: who writes for the longest time.
  void blame_snapshot(const std::vector<SubtaskId>& missing) {
    const auto age = [this](SubtaskId each) {
      const SnapshotSituation* snapshot = find(situation(each)->snapshots, id_);
      return snapshot == nullptr ? Duration{-1} : snapshot->age;
    };
    const SubtaskId oldest = *std::max_element(
        missing.begin(), missing.end(), [&](SubtaskId a, SubtaskId b) { return age(a) < age(b); });
    age_ = age(oldest);
    end(oldest, age_ < Duration{} ? Cause::answered : Cause::writes);
  }

  std::string text() const {
    const SubtaskId first = stall_.path.front();
    std::string text = stall_.sender ? name(*stall_.sender) + " -> " + name(first) : name(first);
    text += ": ";
    if (stall_.sender && stall_.cause != Cause::on_its_way)
      text += std::to_string(ahead_) + (ahead_ == 1 ? " batch" : " batches") +
              " ahead of the barrier, ";
    if (stall_.path.size() > 1) return text + back_pressure() + predicate();
    const bool is_named = !stall_.sender || stall_.cause == Cause::on_its_way;
    return text + (is_named ? "it" : name(first)) + predicate();
  }

  /// "per-minute/0 is back-pressured 97 % by minutes/0 (through joined/1), which"
  std::string back_pressure() const {
    const auto& path = stall_.path;
    std::string text = name(path.front()) + " is back-pressured";
    if (const SubtaskSituation* s = situation(path.front()))
      text += " " + percent(s->spent.back_pressured, s->spent);
    text += " by " + name(path.back());
    for (std::size_t i = 1; i + 1 < path.size(); ++i)
      text += (i == 1 ? " (through " : ", ") + name(path[i]);
    return text + (path.size() > 2 ? "), which" : ", which");
  }

  std::string predicate() const {
    switch (stall_.cause) {
      case Cause::silent:
        return " does not answer: a call of its functions takes long, or its process stands still";
      case Cause::not_triggered: return " has not begun, since the trigger has not reached it";
      case Cause::on_its_way: return " has yet to get the barrier, which is on its way";
      case Cause::busy: return " is" + busy();
      case Cause::emits_end: return " emits what is due at the end of its input";
      case Cause::asks:
        return " waits for answers to all the requests that it may have under way: who answers is "
               "slow, or its capacity is small";
      case Cause::aligns: return aligned();
      case Cause::writes: return " has been writing its state for " + seconds(age_);
      case Cause::answered: return " has answered, which has not been heard yet";
      case Cause::circle: return " waits for it in turn";
    }
    return "";
  }

  /// " busy 96 %, 840 ms at a stretch"
  std::string busy() const {
    const TimeSpent& spent = situation(stall_.culprit)->spent;
    std::string text = " busy " + percent(spent.busy, spent);
    if (spent.longest_turn >= kLongTurn)
      text += ", up to " + seconds(spent.longest_turn) + " at a stretch";
    return text;
  }

  std::string aligned() const {
    const auto& aligning = situation(stall_.culprit)->aligning;
    return aligning ? " waits for barriers of checkpoint " + std::to_string(aligning->value())
                    : " waits for barriers of another checkpoint";
  }

  const Wiring& wiring_;
  CheckpointId id_;
  const Situations& situations_;
  std::set<SubtaskId> missing_;
  Stall stall_;
  std::uint32_t ahead_ = 0;  // batches ahead of the barrier, if it is on a channel
  Duration age_{};           // of a snapshot that is being written
};

}  // namespace

Stall explain_stall(const Wiring& wiring, CheckpointId id, const std::vector<SubtaskId>& missing,
                    const Situations& situations) {
  WEIR_ASSERT(!missing.empty(), "a checkpoint waits for nobody");
  return Search{wiring, id, situations}.explain(missing);
}

}  // namespace weir::runtime
