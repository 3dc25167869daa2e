// State handles as Protocol Buffers and as bytes.
#pragma once

#include "state/handle.hpp"

namespace weir::proto {
class SubtaskState;
}

namespace weir::state {

void to_proto(const SubtaskState& state, proto::SubtaskState& out);
SubtaskState from_proto(const proto::SubtaskState& in);

/// A subtask's state as serialized Protocol Buffers, for messages between processes.
Bytes to_bytes(const SubtaskState& state);
Result<SubtaskState> subtask_state_from_bytes(std::string_view bytes);

}  // namespace weir::state
