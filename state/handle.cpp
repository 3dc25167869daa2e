#include "state/handle.hpp"

#include <algorithm>
#include <numeric>

namespace weir::state {
namespace {

std::uint64_t sum_of(const std::vector<GroupSlice>& slices) {
  std::uint64_t total = 0;
  for (const GroupSlice& slice : slices) total += slice.size;
  return total;
}

std::uint64_t end_of(const std::vector<GroupSlice>& slices) {
  std::uint64_t end = 0;
  for (const GroupSlice& slice : slices) end = std::max(end, slice.offset + slice.size);
  return end;
}

}  // namespace

std::uint64_t LogSegment::size_bytes() const {
  return sum_of(groups);
}

std::uint64_t KeyedStateHandle::size_bytes() const {
  std::uint64_t total = sum_of(groups);
  for (const LogSegment& segment : log) total += segment.size_bytes();
  for (const NativeFile& file : files) total += file.size;
  return total;
}

std::uint64_t KeyedStateHandle::written_bytes() const {
  std::uint64_t linked = is_linked ? sum_of(groups) : 0;
  for (const LogSegment& segment : log) linked += segment.is_linked ? segment.size_bytes() : 0;
  for (const NativeFile& file : files) linked += file.is_linked ? file.size : 0;
  return size_bytes() - linked;
}

std::uint64_t LogSegment::stream_end() const {
  return end_of(groups);
}

std::uint64_t KeyedStateHandle::stream_end() const {
  return end_of(groups);
}

std::vector<std::string> KeyedStateHandle::paths() const {
  std::vector<std::string> paths;
  if (!path.empty()) paths.push_back(path);
  for (const LogSegment& segment : log) paths.push_back(segment.path);
  for (const NativeFile& file : files) {
    if (!file.path.empty()) paths.push_back(file.path);
  }
  return paths;
}

std::uint64_t OperatorStateHandle::elements() const {
  std::uint64_t total = 0;
  for (const ElementBlock& block : blocks) total += block.elements;
  return total;
}

std::uint64_t OperatorStateHandle::size_bytes() const {
  std::uint64_t total = 0;
  for (const ElementBlock& block : blocks) total += block.size;
  return total;
}

std::uint64_t ChannelStateHandle::size_bytes() const {
  return std::accumulate(blocks.begin(), blocks.end(), std::uint64_t{0});
}

std::uint64_t SubtaskState::overtaken_bytes() const {
  std::uint64_t total = 0;
  for (const ChannelStateHandle& handle : channels) total += handle.size_bytes();
  return total;
}

std::vector<std::string> SubtaskState::paths() const {
  std::vector<std::string> all;
  for (const KeyedStateHandle& handle : keyed) {
    for (std::string& path : handle.paths()) all.push_back(std::move(path));
  }
  for (const OperatorStateHandle& handle : operators) {
    if (!handle.path.empty()) all.push_back(handle.path);
  }
  for (const ChannelStateHandle& handle : channels) {
    if (!handle.path.empty()) all.push_back(handle.path);
  }
  return all;
}

std::uint64_t SubtaskState::written_bytes() const {
  std::uint64_t linked = 0;
  for (const KeyedStateHandle& handle : keyed)
    linked += handle.size_bytes() - handle.written_bytes();
  return size_bytes() - linked;
}

std::uint64_t SubtaskState::size_bytes() const {
  std::uint64_t total = overtaken_bytes();
  for (const KeyedStateHandle& handle : keyed) total += handle.size_bytes();
  for (const OperatorStateHandle& handle : operators) total += handle.size_bytes();
  for (const SourceState& source : sources) {
    for (const SplitPosition& split : source.splits)
      total += split.split.id.size() + split.position.value_or("").size();
  }
  for (const SinkState& sink : sinks) {
    for (const PreparedTransaction& transaction : sink.transactions)
      total += transaction.txn.size();
  }
  return total;
}

}  // namespace weir::state
