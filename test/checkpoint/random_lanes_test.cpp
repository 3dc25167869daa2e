// Checkpoints that complete without some regions, whatever happens in whatever order: the
// coordinator beside a model of what is on disk.
#include "base/random.hpp"
#include "checkpoint/coordinator.hpp"
#include "test/checkpoint/actions.hpp"
#include "test/checkpoint/lanes.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::all;
using test::kLanes;
using test::lane;
using test::subtask;

namespace {

/// Answers, refusals, timeouts and failures of lanes at random, and a model of what is on disk.
class RandomLanes {
public:
  explicit RandomLanes(std::uint64_t seed)
      : random_{seed},
        coordinator_{
            with(1 + static_cast<int>(seed % 2)), CheckpointId{}, {}, {}, false, test::regions()} {
    coordinator_.on_running(test::participants(), 0s, 1s);
  }

  /// Returns how many checkpoints completed without somebody.
  int run() {
    for (int i = 0; i < 1000 && !is_over_; ++i) {
      now_ += Duration{std::chrono::milliseconds{random_.below(1000)}};
      step(random_.below(200), static_cast<std::uint32_t>(random_.below(kLanes)));
    }
    return regional_;
  }

private:
  static CheckpointOptions with(int retained) {
    CheckpointOptions with = test::regional_options();
    with.retained = retained;
    return with;
  }

  void step(std::uint64_t dice, std::uint32_t lane_index) {
    const SubtaskId who = subtask(static_cast<std::uint32_t>(random_.below(2)), lane_index);
    const Speaker speaker{who, AttemptId{attempts_[lane_index]}};
    const auto& pending = coordinator_.pending();
    if (dice < 10) return take(coordinator_.on_tick(now_));
    if (dice < 30 && !reserving_.empty()) {
      const CheckpointId id = reserving_.back();
      reserving_.pop_back();
      return take(coordinator_.on_reserved(id, {}, now_, {}));
    }
    if (dice < 160 && !pending.empty() && restarting_ != lane_index)
      return take(coordinator_.on_ack({.id = pending.rbegin()->first, .from = speaker}));
    if (dice >= 160 && dice < 162 && !pending.empty())
      return take(coordinator_.on_decline(
          {pending.rbegin()->first, speaker, FailureReason::snapshot_failed, ""}, now_));
    if (dice < 190 && !publishing_.empty()) return publish();
    if (dice >= 190 && dice < 192 && !restarting_) {
      restarting_ = lane_index;
      return take(coordinator_.on_tasks_failed(lane(lane_index), now_));
    }
    if (restarting_) restart();
  }

  void publish() {
    const CheckpointId id = publishing_.back();
    publishing_.pop_back();
    const bool fails = random_.chance(0.2);
    if (!fails) on_disk_.insert(id);
    take(
        coordinator_.on_published(id, fails ? Status{ErrorCode::unavailable, ""} : Status{}, now_));
  }

  void restart() {
    const std::uint32_t i = *restarting_;
    if (has_decided_) {
      const AttemptId attempt{++attempts_[i]};
      restarting_.reset();
      reads_.reset();
      has_decided_ = false;
      return take(coordinator_.on_tasks_replaced(
          {{subtask(0, i), attempt}, {subtask(1, i), attempt}}, now_));
    }
    const RestorePoint point = coordinator_.restore_point();
    is_over_ = point.kind == RestorePoint::Kind::impossible;  // all of the job restarts
    has_decided_ = point.kind == RestorePoint::Kind::known;
    if (has_decided_) reads_ = point.checkpoint;
    if (reads_) CHECK(on_disk_.contains(*reads_));
  }

  void take(const Actions& actions) {
    for (const auto& a : all<ReserveId>(actions)) reserving_.push_back(a.id);
    for (const auto& a : all<Publish>(actions)) {
      publishing_.push_back(a.barrier.id);
      if (!a.left_out.empty()) CHECK(on_disk_.contains(a.taken_from));
      for (const SubtaskId id : a.left_out) CHECK_FALSE(a.states.contains(id));
      CHECK(a.states.size() + a.left_out.size() == 2 * kLanes);
    }
    for (const auto& a : all<NotifyLeftOut>(actions))
      off_[a.id].insert(a.subtasks.begin(), a.subtasks.end());
    for (const auto& a : all<NotifyCompleted>(actions)) {
      CHECK(off_[a.report.id] == a.report.left_out);
      regional_ += a.report.left_out.empty() ? 0 : 1;
    }
    for (const auto& a : all<DropFiles>(actions)) {
      on_disk_.erase(a.id);
      if (reads_) CHECK(*reads_ != a.id);
    }
    for (const auto& a : all<FailJob>(actions)) FAIL(a.reason);
  }

  base::Random random_;
  Coordinator coordinator_;
  std::vector<std::uint32_t> attempts_ = std::vector<std::uint32_t>(kLanes, 1);
  std::set<CheckpointId> on_disk_;  // complete
  std::vector<CheckpointId> reserving_;
  std::vector<CheckpointId> publishing_;
  std::map<CheckpointId, std::set<SubtaskId>> off_;  // who has been told so
  std::optional<std::uint32_t> restarting_;          // a lane
  bool has_decided_ = false;                         // where it begins
  std::optional<CheckpointId> reads_;                // none: anew
  bool is_over_ = false;
  Duration now_{};
  int regional_ = 0;
};

}  // namespace

TEST_CASE("whatever happens in whatever order, who restarts finds its checkpoint", "[regional]") {
  int regional = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    regional += RandomLanes{seed}.run();
  }
  CHECK(regional > 300);
}
