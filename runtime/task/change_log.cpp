#include "runtime/task/change_log.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

/// So many links take some milliseconds.
constexpr std::size_t kSegmentsMax = 256;

}  // namespace

bool needs_base(const state::LogChain& chain, Duration age, const ChangelogOptions& options) {
  const std::uint64_t log = chain.log_bytes();
  if (log == 0) return false;
  return log >= chain.base_bytes() || age >= options.materialize_interval ||
         chain.segments() >= kSegmentsMax;
}

void ChangeLog::Materialization::write() {
  auto written = write_base(place, name, id, of->cuts, 0);
  status = written.status();
  if (written.ok()) base = std::move(written).value();
}

ChangeLog::ChangeLog(std::shared_ptr<Chain> chain, LogPlace place, Policy policy, SubtaskPort& port)
    : chain_{std::move(chain)}, place_{std::move(place)}, policy_{policy}, port_{port} {
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
  materialize_if_due();
  tidy_up();
}

/// Snapshots may come to their end in another order than they were begun.
void ChangeLog::adopt(VersionPtr version) {
  if (newest_ != nullptr && version->chain.id() < newest_->chain.id()) return;
  rebase(*version);
  newest_ = version->chain.can_grow() ? std::move(version) : nullptr;
}

void ChangeLog::materialize_if_due() {
  if (newest_ == nullptr || materializing_ != nullptr || is_pausing_) return;
  if (!needs_base(newest_->chain, port_.now() - newest_->base_at, policy_.options)) return;
  const CheckpointId id = newest_->chain.id();
  const std::string name = place_.name_of("base." + std::to_string(++bases_), id);
  materializing_ = std::make_shared<Materialization>(
      Materialization{.chain = chain_, .of = newest_, .id = id, .place = place_, .name = name});
  files_.insert(name);
  port_.run_blocking([work = materializing_] { work->write(); },
                     [this, work = materializing_] { on_materialized(*work); });
}

void ChangeLog::on_materialized(const Materialization& done) {
  materializing_ = nullptr;
  if (done.status.ok()) {
    failures_ = 0;
    base_ = Base{done.base, port_.now()};
    for (const VersionPtr& version : versions_) rebase(*version);
  } else if (++failures_ > policy_.options.max_failures) {
    failure_ = TaskFailure{chain_->head_name(),
                           "all of its state was to be written anew, which has failed " +
                               std::to_string(failures_) + " times (state.changelog." +
                               "max-failures-allowed): " + done.status.message()};
  } else {
    is_pausing_ = true;
    port_.retry_write(done.id, done.status, policy_.pause, [this] {
      is_pausing_ = false;
      materialize_if_due();
      tidy_up();
    });
  }
  tidy_up();
}

/// Refers to the newest base, if the version comes of that.
void ChangeLog::rebase(LogVersion& version) const {
  if (!base_ || version.chain.versions.empty()) return;
  auto chain = state::rebased(version.chain, base_->chain);
  if (!chain) return;
  version.chain = std::move(*chain);
  version.base_at = base_->written_at;
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
  if (version == newest_) return true;
  if (materializing_ != nullptr && materializing_->of == version) return true;
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
  if (materializing_ != nullptr) needed.insert(materializing_->name);
  return needed;
}

}  // namespace weir::runtime
