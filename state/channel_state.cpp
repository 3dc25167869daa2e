#include "state/channel_state.hpp"

#include "base/paths.hpp"

#include <utility>

namespace weir::state {

Status add_batch(std::string_view batch, StateFile& file, ChannelStateHandle& handle) {
  if (handle.blocks.empty()) handle.offset = file.size();
  auto size = file.add_block(batch);
  if (!size.ok()) return size.status().with_context("records on \"" + handle.edge + "\"");
  handle.blocks.push_back(*size);
  return {};
}

Result<StateReader> open_batches(Env& env, const std::string& directory,
                                 const ChannelStateHandle& handle) {
  if (handle.path.empty())
    return StateReader{handle.inlined, "the records on \"" + handle.edge + "\" in " +
                                           base::join_path(directory, "_metadata")};
  const std::string path = base::join_path(directory, handle.path);
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  return StateReader{std::move(file).value(), path};
}

Status for_each_batch(const ChannelStateHandle& handle, StateReader& reader,
                      const std::function<Status(std::string_view batch)>& take) {
  std::uint64_t offset = handle.offset;
  for (const std::uint64_t size : handle.blocks) {
    reader.seek(offset, size);
    const auto batch = reader.next_block();
    if (!batch.ok()) return batch.status();
    if (Status status = take(*batch); !status.ok())
      return status.with_context("the block at byte " + std::to_string(offset));
    offset += size;
  }
  return {};
}

}  // namespace weir::state
