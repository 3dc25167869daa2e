// A coordinator alone, between a storage and subtasks that a test plays.
#pragma once

#include "test/checkpoint/actions.hpp"

#include <catch2/catch.hpp>

#include <optional>

namespace weir::test {

inline checkpoint::Speaker speaker(std::uint32_t index) {
  return {{VertexId{0}, index}, AttemptId{1}};
}

/// A coordinator with two running subtasks and helpers that play the storage and the subtasks.
struct CoordinatedJob {
  explicit CoordinatedJob(CheckpointOptions options = {.every = std::chrono::seconds{10},
                                                       .timeout = std::chrono::minutes{1}},
                          std::uint64_t last_id = 0)
      : coordinator{options, CheckpointId{last_id}, {}} {
    coordinator.on_running({speaker(0), speaker(1)}, {}, std::chrono::seconds{10});
  }
  /// Lets time pass; returns the checkpoint that was reserved, if any.
  std::optional<CheckpointId> tick(Duration to) {
    now = to;
    last = coordinator.on_tick(now);
    const auto* reserve = find<checkpoint::ReserveId>(last);
    return reserve != nullptr ? std::optional{reserve->id} : std::nullopt;
  }
  checkpoint::Actions reserved(CheckpointId id, Status status = {}) {
    return last = coordinator.on_reserved(id, status, now, WallTime{});
  }
  checkpoint::Actions ack(CheckpointId id, std::uint32_t index, bool finished = false) {
    checkpoint::Ack answer{.id = id,
                           .from = speaker(index),
                           .state = {},
                           .timings = {.alignment = std::chrono::milliseconds{5}}};
    answer.state.is_finished = finished;
    return last = coordinator.on_ack(answer);
  }
  checkpoint::Actions decline(CheckpointId id, checkpoint::FailureReason reason =
                                                   checkpoint::FailureReason::snapshot_failed) {
    return last = coordinator.on_decline({id, speaker(0), reason, "disk full"}, now);
  }
  checkpoint::Actions published(CheckpointId id, Status status = {}) {
    return last = coordinator.on_published(id, status, now);
  }
  /// Runs one checkpoint from trigger to completion.
  CheckpointId complete_at(Duration at) {
    const CheckpointId id = tick(at).value();
    reserved(id);
    ack(id, 0);
    ack(id, 1);
    published(id);
    REQUIRE(find<checkpoint::NotifyCompleted>(last) != nullptr);
    return id;
  }

  checkpoint::Coordinator coordinator;
  Duration now{};
  checkpoint::Actions last;
};

}  // namespace weir::test
