#include "runtime/task/change_log.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
ChangeLog::ChangeLog(std::shared_ptr<Chain> chain, LogPlace place, ChangelogOptions options,
                     SubtaskPort& port)
    : chain_{std::move(chain)},
      place_{std::move(place)},
      port_{port},
      bases_{chain_, place_, options, port} {
  for (const ChainState& some : chain_->states()) some.state->stay_frozen();
}

std::shared_ptr<LoggedWrite> ChangeLog::begin(CheckpointId id) {
  if (!is_possible_) return nullptr;
  if (!std::exchange(has_begun_, true))
    port_.run_blocking([place = place_] { remove_earlier_files(place); }, [] {});
  auto write = std::make_shared<LoggedWrite>(place_, id, newest_);
  for (std::string& file : write->files()) files_.insert(std::move(file));
  under_way_.push_back(write);
  return write;
}

void ChangeLog::on_written(const std::shared_ptr<LoggedWrite>& write,
                           std::vector<state::KeyedCut> cuts, const Status& status,
                           Duration frozen_at) {
  std::erase(under_way_, write);
  auto version = std::make_shared<LogVersion>(LogVersion{std::move(cuts), {}, frozen_at});
  versions_.push_back(version);
  if (status.ok() && !write->chain()) {
    is_possible_ = false;
    newest_ = nullptr;
  } else if (status.ok()) {
    version->chain = *write->chain();
    if (write->since() != nullptr) version->base_at = write->since()->base_at;
    adopt(std::move(version));
  }
  write_base_if_due();
  tidy_up();
}

/// Snapshots may come to their end in another order than they were begun.
void ChangeLog::adopt(VersionPtr version) {
  if (!is_possible_) return;
  if (newest_ != nullptr && version->chain.id() < newest_->chain.id()) return;
  rebase(*version);
  newest_ = version->chain.can_grow() ? std::move(version) : nullptr;
}

void ChangeLog::write_base_if_due() {
  if (newest_ == nullptr) return;
  const std::string file = bases_.begin_if_due(newest_, [this] { on_base_written(); });
  if (!file.empty()) files_.insert(file);
}

/// A base of no rows has no file, and nothing can be written against it.
void ChangeLog::on_base_written() {
  for (const VersionPtr& version : versions_) rebase(*version);
  if (newest_ != nullptr && !newest_->chain.can_grow()) newest_ = nullptr;
  write_base_if_due();
  tidy_up();
}

/// Refers to the newest base, if the version comes of that.
void ChangeLog::rebase(LogVersion& version) const {
  const auto& base = bases_.base();
  if (!base || version.chain.versions.empty()) return;
  auto chain = state::rebased(version.chain, base->chain);
  if (!chain) return;
  version.chain = std::move(*chain);
  version.base_at = base->written_at;
}

/// Thaws versions that nobody uses, and removes the files that only they have needed.
void ChangeLog::tidy_up() {
  std::erase_if(versions_, [this](const VersionPtr& version) {
    if (is_used(version)) return false;
    for (state::KeyedCut& cut : version->cuts) cut.release();
    return true;
  });
  const std::set<std::string> needed = needed_files();
  std::vector<std::string> paths;
  std::erase_if(files_, [&](const std::string& file) {
    if (needed.contains(file)) return false;
    paths.push_back(place_.path_of(file));
    return true;
  });
  if (paths.empty()) return;
  // What cannot be removed now goes with the directory, when the job begins anew or ends.
  const auto remove = [env = place_.env, paths = std::move(paths)] {
    for (const std::string& path : paths) (void)env->remove_file(path);
  };
  port_.run_blocking(remove, [] {});
}

bool ChangeLog::is_used(const VersionPtr& version) const {
  if (version == newest_ || version == bases_.version()) return true;
  return std::any_of(under_way_.begin(), under_way_.end(),
                     [&](const auto& write) { return write->since() == version; });
}

std::set<std::string> ChangeLog::needed_files() const {
  std::set<std::string> needed;
  for (const VersionPtr& version : versions_) needed.merge(version->chain.files());
  for (const auto& write : under_way_) {
    needed.merge(write->needs());
    for (std::string& file : write->files()) needed.insert(std::move(file));
  }
  needed.insert(bases_.file());
  return needed;
}

}  // namespace weir::runtime
