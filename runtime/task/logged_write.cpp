#include "runtime/task/logged_write.hpp"

#include "base/paths.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace weir::runtime {
namespace {

constexpr std::string_view kStem = ".state.";

/// Returns the attempt of `owner` that has made a file of the log; none: it was another subtask.
std::optional<std::uint64_t> attempt_of(std::string_view name, const std::string& owner) {
  if (!name.starts_with(owner + "-")) return std::nullopt;
  name.remove_prefix(owner.size() + 1);
  std::uint64_t attempt = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), attempt);
  if (error != std::errc{}) return std::nullopt;
  name.remove_prefix(static_cast<std::size_t>(end - name.data()));
  return name.starts_with(kStem) ? std::optional{attempt} : std::nullopt;
}

}  // namespace

std::string LogPlace::name_of(const std::string& what, CheckpointId id) const {
  return owner + "-" + std::to_string(attempt.value()) + std::string{kStem} + what + "-" +
         std::to_string(id.value());
}

std::string LogPlace::path_of(const std::string& name) const {
  return base::join_path(directory, name);
}

Result<state::LogChain> write_base(const LogPlace& place, const std::string& name, CheckpointId id,
                                   std::vector<state::KeyedCut>& cuts,
                                   std::size_t inline_threshold) {
  state::StateFile file{*place.env, place.path_of(name), inline_threshold, place.compression};
  std::vector<state::KeyedStateHandle> handles;
  for (state::KeyedCut& cut : cuts) {
    auto handle = cut.write(file);
    if (!handle.ok()) return handle.status();
    handles.push_back(std::move(handle).value());
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_rows(file, name, handles);
  return state::base_chain(id, std::move(handles));
}

void remove_earlier_files(const LogPlace& place) {
  const auto files = place.env->list(place.directory);
  if (!files.ok()) return;
  for (const DirectoryEntry& file : *files) {
    const auto attempt = attempt_of(file.name, place.owner);
    // What stays goes with the directory, when the job begins anew or ends.
    if (attempt && *attempt < place.attempt.value())
      (void)place.env->remove_file(place.path_of(file.name));
  }
}

LoggedWrite::LoggedWrite(LogPlace place, CheckpointId id, std::shared_ptr<const LogVersion> since)
    : place_{std::move(place)}, id_{id}, since_{std::move(since)} {
  if (since_ != nullptr) before_ = since_->chain;
}

Status LoggedWrite::write(std::vector<state::KeyedCut>& cuts, const std::string& directory) {
  if (is_impossible_) return {};
  if (!chain_) {  // a file that has a second name must not be written again
    auto chain = before_ ? write_tail(cuts)
                         : write_base(place_, place_.name_of("base", id_), id_, cuts,
                                      place_.inline_threshold);
    if (!chain.ok()) return chain.status();
    chain_ = std::move(chain).value();
  }
  for (const std::string& name : chain_->files()) {
    Status status = place_.env->link(place_.path_of(name), base::join_path(directory, name));
    if (status.code() == ErrorCode::already_exists) continue;  // by an earlier try
    if (status.code() == ErrorCode::failed_precondition) {
      give_up(directory);
      return {};
    }
    if (!status.ok()) return status;
  }
  return {};
}

/// The checkpoint is written without the log: what has a name there already is none of its files.
void LoggedWrite::give_up(const std::string& directory) {
  for (const std::string& name : chain_->files())
    (void)place_.env->remove_file(base::join_path(directory, name));
  chain_.reset();
  is_impossible_ = true;
}

Result<state::LogChain> LoggedWrite::write_tail(const std::vector<state::KeyedCut>& cuts) const {
  const std::string name = place_.name_of("tail", id_);
  state::StateFile file{*place_.env, place_.path_of(name), 0, place_.compression};
  std::vector<state::LogSegment> changes;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    auto segment = cuts[i].write_changes(since_->cuts[i], file);
    if (!segment.ok()) return segment.status();
    segment->path = name;
    changes.push_back(std::move(segment).value());
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  return state::extended(*before_, id_, std::move(changes));
}

std::vector<std::string> LoggedWrite::files() const {
  return {place_.name_of("base", id_), place_.name_of("tail", id_)};
}

}  // namespace weir::runtime
