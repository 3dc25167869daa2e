#include "cli/weir/inspect_channels.hpp"

#include "base/text.hpp"
#include "state/channel_state.hpp"

#include <cstdio>

namespace weir::cli {

using checkpoint::SubtaskPart;
using state::ChannelStateHandle;

void print_channels(const checkpoint::CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const ChannelStateHandle& handle : part.state.channels) {
      const bool is_sent = handle.side == state::ChannelSide::sent;
      const std::string holder =
          is_sent ? "held by sender " + std::to_string(part.index) : "held by the receiver";
      std::printf("overtaken on \"%s\", to subtask %u: %zu batches, %s, %s, %s\n",
                  handle.edge.c_str(), handle.receiver, handle.blocks.size(),
                  base::format_size(handle.size_bytes()).c_str(), holder.c_str(),
                  handle.path.empty() ? "in the metadata" : handle.path.c_str());
    }
  }
}

Status verify_channels(const std::string& directory,
                       const checkpoint::CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const ChannelStateHandle& handle : part.state.channels) {
      auto reader = state::open_batches(Env::posix(), directory, handle);
      const Status status =
          reader.ok() ? state::for_each_batch(handle, *reader, [](auto) { return Status{}; })
                      : reader.status();
      if (!status.ok()) return status.with_context(directory);
    }
  }
  return {};
}

}  // namespace weir::cli
