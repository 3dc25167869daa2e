// The metadata of a completed checkpoint: everything a restore needs besides the state files.
// File format: docs/formats/metadata.md.
#pragma once

#include "checkpoint/messages.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// One subtask's part. Operators inside it are named in the state itself.
struct SubtaskPart {
  std::string vertex = {};  // name of the first operator of its chain
  std::uint32_t index = 0;
  state::SubtaskState state = {};

  friend bool operator==(const SubtaskPart&, const SubtaskPart&) = default;
};

/// Splits that a source had not handed out: those of `all` from `next` on. The list is shared and
/// never changes, so that a snapshot of it costs nothing.
struct RemainingSplits {
  std::string operator_name = {};
  std::shared_ptr<const std::vector<state::SplitPosition>> all = {};
  std::size_t next = 0;
};

struct CheckpointMetadata {
  std::string job = {};
  std::string run = {};  // which start of the job took it
  CheckpointId id = {};
  Epoch epoch = {};
  CheckpointKind kind = CheckpointKind::periodic;
  WallTime triggered_at = {};
  std::uint32_t max_parallelism = 0;
  std::vector<SubtaskPart> parts = {};
  std::vector<RemainingSplits> remaining = {};
};

/// Returns the content of a `_metadata` file.
Bytes encode_metadata(const CheckpointMetadata& metadata);

/// Reads the content of a `_metadata` file. `corrupt` says what is wrong with it;
/// `failed_precondition` if a newer version of Weir wrote it.
Result<CheckpointMetadata> decode_metadata(std::string_view bytes);

/// Facts about a job's checkpoints that outlive every process.
struct CoordinatorRecord {
  Epoch epoch = {};           // of the newest coordinator
  CheckpointId last_id = {};  // the highest id ever given out
  bool is_finished = false;   // the job came to its end
  std::string run = {};       // which start of the job wrote this
  /// The savepoint that the job was last stopped behind. Its transactions may have been committed:
  /// it is newer than every checkpoint with a lower id.
  CheckpointId savepoint_id = {};
  std::string savepoint = {};  // its directory; "": there is none
};

Bytes encode_record(const CoordinatorRecord& record);
Result<CoordinatorRecord> decode_record(std::string_view bytes);

}  // namespace weir::checkpoint
