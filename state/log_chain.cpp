#include "state/log_chain.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::state {
namespace {

/// Restores ask the groups of the base which subtasks need the handle. Both lists are ascending; of
/// a group that is in both the first one counts.
void add_groups(std::vector<GroupSlice>& groups, const std::vector<GroupSlice>& changed) {
  std::vector<GroupSlice> empty;  // the base has nothing of these
  for (const GroupSlice& slice : changed) empty.push_back({slice.group, 0, 0});
  std::vector<GroupSlice> all;
  std::set_union(groups.begin(), groups.end(), empty.begin(), empty.end(), std::back_inserter(all),
                 [](const GroupSlice& a, const GroupSlice& b) { return a.group < b.group; });
  groups = std::move(all);
}

void add_segment(KeyedStateHandle& handle, LogSegment segment) {
  add_groups(handle.groups, segment.groups);
  handle.log.push_back(std::move(segment));
}

}  // namespace

bool LogChain::can_grow() const {
  return std::any_of(handles.begin(), handles.end(),
                     [](const KeyedStateHandle& handle) { return !handle.path.empty(); });
}

std::set<std::string> LogChain::files() const {
  std::set<std::string> files;
  for (const KeyedStateHandle& handle : handles) {
    for (std::string& path : handle.paths()) files.insert(std::move(path));
  }
  return files;
}

std::uint64_t LogChain::log_bytes() const {
  std::uint64_t total = 0;
  for (const KeyedStateHandle& handle : handles) {
    for (const LogSegment& segment : handle.log) total += segment.size_bytes();
  }
  return total;
}

std::uint64_t LogChain::base_bytes() const {
  std::uint64_t total = 0;
  for (const KeyedStateHandle& handle : handles) total += handle.size_bytes();
  return total - log_bytes();
}

std::size_t LogChain::segments() const {
  std::size_t most = 0;
  for (const KeyedStateHandle& handle : handles) most = std::max(most, handle.log.size());
  return most;
}

LogChain base_chain(CheckpointId id, std::vector<KeyedStateHandle> handles) {
  return {.versions = {id}, .handles = std::move(handles)};
}

LogChain extended(LogChain chain, CheckpointId id, std::vector<LogSegment> changes) {
  WEIR_ASSERT(chain.id() < id, "a version was written against a later one");
  WEIR_ASSERT(chain.handles.size() == changes.size(), "a version has other operators");
  chain.versions.push_back(id);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    KeyedStateHandle& handle = chain.handles[i];
    handle.is_linked = true;
    for (LogSegment& segment : handle.log) segment.is_linked = true;
    changes[i].upto = id;
    if (!changes[i].groups.empty()) add_segment(handle, std::move(changes[i]));
  }
  return chain;
}

std::optional<LogChain> rebased(const LogChain& chain, const LogChain& base) {
  const auto at = std::find(chain.versions.begin(), chain.versions.end(), base.id());
  if (at == chain.versions.begin() || at == chain.versions.end()) return std::nullopt;
  LogChain result{.versions = {at, chain.versions.end()}, .handles = base.handles};
  for (std::size_t i = 0; i < chain.handles.size(); ++i) {
    for (const LogSegment& segment : chain.handles[i].log) {
      if (segment.upto > base.id()) add_segment(result.handles[i], segment);
    }
  }
  return result;
}

}  // namespace weir::state
