// The messages by which the sources of a group keep pace with each other; see
// runtime/job/watermark_groups.hpp. Either may be lost, late or repeated.
#pragma once

#include "actors/message_inspect.hpp"
#include "checkpoint/messages.hpp"
#include "runtime/task/source_time.hpp"

namespace weir::actors {

/// From a source subtask to the coordinator: so far have its splits come.
struct TellTime {
  checkpoint::Speaker from;
  runtime::SourceTime time;
};

/// The answer, and also sent when the group has moved on: so far has its slowest come.
struct GroupTime {
  Timestamp least;
};

WEIR_MESSAGE(TellTime)
WEIR_MESSAGE(GroupTime)

}  // namespace weir::actors
