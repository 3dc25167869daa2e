#include "checkpoint/local_copies.hpp"

#include "base/paths.hpp"

#include <utility>

namespace weir::checkpoint {

bool LocalCopies::begin(CheckpointId id, const std::string& file, const std::string& copy) {
  if (has_ended_ || id <= completed_ || aborted_.contains(id)) return false;
  return copies_.try_emplace(file, Copy{id, copy}).second;
}

bool LocalCopies::finished(const std::string& file) {
  const auto copy = copies_.find(file);
  if (copy == copies_.end()) return false;
  copy->second.is_finished = true;
  return true;
}

void LocalCopies::lost(const std::string& file) {
  copies_.erase(file);
}

std::optional<std::string> LocalCopies::find(const std::string& file) const {
  const auto copy = copies_.find(file);
  if (copy == copies_.end() || !copy->second.is_finished) return std::nullopt;
  return copy->second.name;
}

/// One that is still being written is only forgotten: its writer deletes it.
template <class Useless>
std::vector<std::string> LocalCopies::drop(Useless useless) {
  std::vector<std::string> dropped;
  std::erase_if(copies_, [&](auto& entry) {
    auto& [file, copy] = entry;
    if (!useless(file, copy)) return false;
    if (copy.is_finished) dropped.push_back(std::move(copy.name));
    return true;
  });
  return dropped;
}

std::vector<std::string> LocalCopies::on_completed(CheckpointId id) {
  if (id <= completed_) return {};
  completed_ = id;
  aborted_.erase(aborted_.begin(), aborted_.upper_bound(id));
  return drop([id](const auto&, const Copy& copy) { return copy.checkpoint < id; });
}

std::vector<std::string> LocalCopies::on_aborted(CheckpointId id) {
  if (id <= completed_ || !aborted_.insert(id).second) return {};
  return drop([id](const auto&, const Copy& copy) { return copy.checkpoint == id; });
}

std::vector<std::string> LocalCopies::on_restart(const std::string& directory) {
  return drop([&](const std::string& file, const Copy&) {
    return directory.empty() || base::parent_of(file) != directory;
  });
}

std::vector<std::string> LocalCopies::on_end() {
  has_ended_ = true;
  return drop([](const auto&, const Copy&) { return true; });
}

}  // namespace weir::checkpoint
