#include "checkpoint/composition.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"

#include <algorithm>

namespace weir::checkpoint {
namespace {

constexpr const char* kPrefix = "carried+";

void rename(std::string& path, CarriedFiles& files) {
  if (path.empty()) return;  // it is inlined
  // What was carried before keeps its name: it grows only once.
  std::string renamed = path.starts_with(kPrefix) ? path : kPrefix + path;
  files.emplace(path, renamed);
  path = std::move(renamed);
}

void rename_all(state::SubtaskState& state, CarriedFiles& files) {
  for (state::KeyedStateHandle& handle : state.keyed) {
    rename(handle.path, files);
    handle.is_linked = handle.is_linked || handle.has_log();
    for (state::LogSegment& segment : handle.log) {
      rename(segment.path, files);
      segment.is_linked = true;
    }
    for (state::NativeFile& file : handle.files) {
      rename(file.path, files);
      file.is_linked = true;
    }
  }
  for (state::OperatorStateHandle& handle : state.operators) rename(handle.path, files);
  for (state::ChannelStateHandle& handle : state.channels) rename(handle.path, files);
}

Status copy(Env& env, const std::string& from, const std::string& to) {
  auto in = env.open(from);
  if (!in.ok()) return in.status();
  auto out = env.create(to);
  if (!out.ok()) return out.status();
  Status status =
      base::for_each_piece(**in, [&](std::string_view bytes) { return (*out)->append(bytes); });
  if (status.ok()) status = (*out)->sync();
  if (status.ok()) status = (*out)->close();
  return status;
}

/// What an attempt before this one has left goes first: were it a link, writing to it would destroy
/// the file of the earlier checkpoint, and were it a copy, it could be half of one.
Status carry(Env& env, const std::string& from, const std::string& to) {
  if (Status gone = env.remove_file(to); !gone.ok() && gone.code() != ErrorCode::not_found)
    return gone;
  Status status = env.link(from, to);
  return status.code() == ErrorCode::failed_precondition ? copy(env, from, to) : status;
}

}  // namespace

Result<CarriedFiles> take_over(CheckpointMetadata& into, const CheckpointMetadata& from,
                               const std::set<PartName>& names) {
  CarriedFiles files;
  for (const PartName& name : names) {
    const auto part = std::find_if(from.parts.begin(), from.parts.end(), [&](const auto& each) {
      return PartName{each.vertex, each.index} == name;
    });
    if (part == from.parts.end())
      return Status{ErrorCode::corrupt, "checkpoint " + std::to_string(from.id.value()) +
                                            " has no part of " + name.first + "/" +
                                            std::to_string(name.second)};
    into.parts.push_back(*part);
    rename_all(into.parts.back().state, files);
  }
  return files;
}

Status carry_files(Env& env, const CarriedFiles& files, const std::string& from,
                   const std::string& to) {
  for (const auto& [before, after] : files) {
    Status status = carry(env, base::join_path(from, before), base::join_path(to, after));
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace weir::checkpoint
