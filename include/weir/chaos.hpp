// Killing parts of a running job on purpose: the rules behind `--chaos` and behind tests.
//
//   kill counts/1 at checkpoint 3 aligning
//   kill counts/1 after 50000 records
//   kill coordinator at checkpoint 2 completed
//   kill node at checkpoint 4 acknowledged
//   kill any at random 0.5/s seed 7 [times 10]
#pragma once

#include <weir/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace weir {

/// A moment in the life of a checkpoint.
enum class Phase : std::uint8_t {
  triggered,     ///< a source was told to emit the barrier and has not done so yet
  aligning,      ///< a subtask has seen the barrier on its first channel
  snapshotted,   ///< a subtask has frozen its state and not yet stored it
  acknowledged,  ///< a subtask has stored its state and is about to tell the coordinator
  completed,     ///< the coordinator has all acknowledgements and is about to publish
  committing,    ///< the checkpoint is published; a subtask has just been told
};

std::string_view to_string(Phase phase) noexcept;

/// The victim dies when the first checkpoint with at least this number reaches the phase; at the
/// victim itself if that phase happens there, else anywhere in the job.
struct AtCheckpoint {
  std::uint64_t number = 1;
  Phase phase = Phase::triggered;
  friend bool operator==(const AtCheckpoint&, const AtCheckpoint&) = default;
};

/// The victim dies once it has taken in this many records in one attempt.
struct AfterRecords {
  std::uint64_t count = 0;
  friend bool operator==(const AfterRecords&, const AfterRecords&) = default;
};

/// Victims die at random moments, on average `per_second` times a second, `times` times in all.
struct AtRandom {
  double per_second = 1.0;
  std::uint64_t seed = 0;
  std::uint64_t times = 10;
  friend bool operator==(const AtRandom&, const AtRandom&) = default;
};

/// Kills one part of the job once (`AtRandom`: several times).
struct ChaosRule {
  /// "OPERATOR/INDEX", "coordinator", "node" (the job's node and all subtasks on it), or "any".
  std::string victim = {};
  std::variant<AtCheckpoint, AfterRecords, AtRandom> when = {};

  /// Parses a rule; see the file comment. `invalid_argument` says what was expected where.
  static Result<ChaosRule> parse(std::string_view text);

  friend bool operator==(const ChaosRule&, const ChaosRule&) = default;
};

}  // namespace weir
