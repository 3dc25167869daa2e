#include "checkpoint/storage.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {
namespace {

constexpr std::string_view kPrefix = "chk-";
constexpr const char* kMetadata = "_metadata";

Status check_file(Env& env, const std::string& path, std::uint64_t size) {
  auto info = env.stat(path);
  if (!info.ok()) return info.status();
  if (info->size_bytes >= size) return {};
  return {ErrorCode::corrupt, path + " is truncated: it has " + std::to_string(info->size_bytes) +
                                  " of " + std::to_string(size) + " bytes"};
}

Status check_files(Env& env, const std::string& directory, const state::KeyedStateHandle& handle) {
  for (const state::NativeFile& file : handle.files) {
    if (file.path.empty()) continue;
    const Status status = check_file(env, base::join_path(directory, file.path), file.size);
    if (!status.ok()) return status;
  }
  for (const state::LogSegment& segment : handle.log) {
    const Status status =
        check_file(env, base::join_path(directory, segment.path), segment.stream_end());
    if (!status.ok()) return status;
  }
  if (handle.path.empty() || handle.groups.empty()) return {};
  return check_file(env, base::join_path(directory, handle.path), handle.stream_end());
}

/// Of operator state, or of records that were overtaken.
template <class Handle>
Status check_file_of(Env& env, const std::string& directory, const Handle& handle) {
  if (handle.path.empty() || handle.blocks.empty()) return {};
  return check_file(env, base::join_path(directory, handle.path),
                    handle.offset + handle.size_bytes());
}

Status check_files(Env& env, const std::string& directory, const CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const state::OperatorStateHandle& handle : part.state.operators) {
      const Status status = check_file_of(env, directory, handle);
      if (!status.ok()) return status;
    }
    for (const state::ChannelStateHandle& handle : part.state.channels) {
      const Status status = check_file_of(env, directory, handle);
      if (!status.ok()) return status;
    }
    for (const state::KeyedStateHandle& handle : part.state.keyed) {
      const Status status = check_files(env, directory, handle);
      if (!status.ok()) return status;
    }
  }
  return {};
}

}  // namespace

std::string strip_scheme(const std::string& directory) {
  constexpr std::string_view kScheme = "file://";
  return directory.starts_with(kScheme) ? directory.substr(kScheme.size()) : directory;
}

CheckpointStorage::CheckpointStorage(Env& env, std::string place, std::string job, std::string run)
    : env_{env}, place_{std::move(place)}, job_{std::move(job)}, run_{std::move(run)} {}

Result<std::unique_ptr<CheckpointStorage>> CheckpointStorage::open(
    Env& env, const std::string& directory, const std::string& job, const std::string& run,
    std::optional<Takeover> takeover) {
  std::unique_ptr<CheckpointStorage> storage{
      new CheckpointStorage{env, place_of(directory, job), job, run}};
  if (Status status = base::create_durable_directories(env, storage->place_); !status.ok())
    return status.with_context("execution.checkpointing.dir");
  if (Status status = storage->acquire_lock(); !status.ok()) {
    const bool is_held = status.code() == ErrorCode::failed_precondition;
    if (!takeover || !takeover->breaks_lock || !is_held)
      return status.with_context("job \"" + job + "\" cannot use its checkpoint directory");
  }
  std::optional<std::uint64_t> term;
  if (takeover) term = takeover->leader.value();
  auto claim = base::Claim::take(env, storage->place_, run, term);
  if (!claim.ok())
    return claim.status().with_context("job \"" + job + "\" cannot use its checkpoint directory");
  storage->claim_ = std::move(claim).value();
  if (Status status = storage->read_record(); !status.ok()) return status;
  if (Status status = storage->sync_complete(); !status.ok()) return status;
  return storage;
}

std::string CheckpointStorage::place_of(const std::string& directory, const std::string& job) {
  return base::join_path(strip_scheme(directory), job);
}

std::string CheckpointStorage::changelog_of(const std::string& place) {
  return base::join_path(place, "changelog");
}

Status CheckpointStorage::acquire_lock() {
  if (lock_ != nullptr) return {};
  auto lock = env_.lock(base::join_path(place_, "lock"));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(lock).value();
  return {};
}

/// Only with the claim: what a former holder wrote is final now.
Status CheckpointStorage::read_record() {
  const std::string path = base::join_path(place_, "coordinator");
  auto bytes = base::read_file(env_, path);
  if (!bytes.ok()) return bytes.status().code() == ErrorCode::not_found ? Status{} : bytes.status();
  auto record = decode_record(*bytes);
  if (!record.ok())
    return record.status().with_context(
        path +
        " cannot be read; without it checkpoint ids could be used twice. Continue in a new "
        "execution.checkpointing.dir with --restore CHECKPOINT");
  record_ = std::move(record).value();
  return {};
}

/// A former holder may have been stopped between the rename that makes a checkpoint complete and
/// its sync. Whoever restores from it makes sure that no power cut takes it back.
Status CheckpointStorage::sync_complete() const {
  const auto complete = list();
  if (!complete.ok()) return complete.status();
  for (const CheckpointId id : *complete) {
    if (Status status = env_.sync_directory(path_of(id)); !status.ok()) return status;
  }
  return {};
}

Result<CoordinatorRecord> CheckpointStorage::begin_epoch() {
  const std::lock_guard lock{mutex_};
  (void)acquire_lock();  // a frozen predecessor may have died meanwhile
  CoordinatorRecord record = record_;
  record.epoch = record.epoch.next();
  record.run = run_;
  auto ids = list_all();
  if (!ids.ok()) return ids.status();
  if (!ids->empty()) record.last_id = std::max(record.last_id, ids->back());
  if (Status status = store(record); !status.ok()) return status;
  return record;
}

Status CheckpointStorage::reserve(Epoch epoch, CheckpointId id) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  if (Status status = store_id(id); !status.ok()) return status;
  return claim_->create_directory(path_of(id));
}

Status CheckpointStorage::reserve_for_savepoint(Epoch epoch, CheckpointId id) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  return store_id(id);
}

Status CheckpointStorage::store_id(CheckpointId id) {
  CoordinatorRecord record = record_;
  record.last_id = std::max(record.last_id, id);
  (void)acquire_lock();  // a frozen predecessor may have died meanwhile
  return store(record);
}

Status CheckpointStorage::note_savepoint(Epoch epoch, CheckpointId id,
                                         const std::string& directory) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  CoordinatorRecord record = record_;
  record.savepoint_id = id;
  record.savepoint = directory;
  return store(record);
}

Status CheckpointStorage::take_over(CheckpointMetadata& metadata, CheckpointId from,
                                    const std::set<PartName>& names) const {
  const auto earlier = load(from);
  if (!earlier.ok()) return earlier.status();
  const auto files = checkpoint::take_over(metadata, *earlier, names);
  if (!files.ok()) return files.status();
  return carry_files(env_, *files, path_of(from), path_of(metadata.id));
}

Status CheckpointStorage::publish(Epoch epoch, const CheckpointMetadata& metadata) {
  {
    const std::lock_guard lock{mutex_};
    if (Status status = check(epoch); !status.ok()) return status;
  }
  const std::string path = base::join_path(path_of(metadata.id), kMetadata);
  auto staged = claim_->stage(path, encode_metadata(metadata));
  if (!staged.ok()) return staged.status();

  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) {  // it may have ended meanwhile
    claim_->discard(*staged);
    return status;
  }
  return claim_->move_to(*staged, path);
}

Status CheckpointStorage::drop(Epoch epoch, CheckpointId id) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  return claim_->remove(path_of(id));
}

Status CheckpointStorage::drop_files(Epoch epoch, CheckpointId id,
                                     const std::vector<std::string>& files) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  Status first_error;
  for (const std::string& file : files) {
    const Status status =
        claim_->remove(base::join_path(path_of(id), file), base::Durability::visible);
    if (!status.ok() && first_error.ok()) first_error = status;
  }
  return first_error;
}

Status CheckpointStorage::drop_changelog(Epoch epoch) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  const std::string directory = changelog_of(place_);
  return env_.stat(directory).ok() ? claim_->remove(directory) : Status{};
}

Status CheckpointStorage::begin_changelog(Epoch epoch) {
  if (Status status = drop_changelog(epoch); !status.ok()) return status;
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  return claim_->create_directory(changelog_of(place_));
}

Status CheckpointStorage::mark_finished(Epoch epoch, bool is_finished) {
  const std::lock_guard lock{mutex_};
  if (Status status = check(epoch); !status.ok()) return status;
  CoordinatorRecord record = record_;
  record.is_finished = is_finished;
  return store(record);
}

Result<std::vector<CheckpointId>> CheckpointStorage::list_all() const {
  auto entries = env_.list(place_);
  if (!entries.ok()) return entries.status();
  std::vector<CheckpointId> ids;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.name.starts_with(kPrefix)) continue;
    auto number = base::parse_int(std::string_view{entry.name}.substr(kPrefix.size()));
    if (number.ok() && *number > 0)
      ids.push_back(CheckpointId{static_cast<std::uint64_t>(*number)});
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::vector<CheckpointId>> CheckpointStorage::list() const {
  auto ids = list_all();
  if (!ids.ok()) return ids.status();
  std::erase_if(*ids, [this](CheckpointId id) {
    return !env_.stat(base::join_path(path_of(id), kMetadata)).ok();
  });
  return ids;
}

Result<CheckpointMetadata> CheckpointStorage::load(CheckpointId id) const {
  return load(env_, path_of(id));
}

Result<CheckpointMetadata> CheckpointStorage::load(Env& env, const std::string& path) {
  const bool names_file = base::name_of(path) == kMetadata;
  const std::string directory = names_file ? base::parent_of(path) : path;
  const std::string file = base::join_path(directory, kMetadata);
  auto bytes = base::read_file(env, file);
  if (!bytes.ok()) return bytes.status();
  auto metadata = decode_metadata(*bytes);
  if (!metadata.ok()) return metadata.status().with_context(file + " cannot be used");
  if (Status status = check_files(env, directory, *metadata); !status.ok())
    return status.with_context(directory + " is incomplete");
  return metadata;
}

std::string CheckpointStorage::path_of(CheckpointId id) const {
  return base::join_path(place_, std::string{kPrefix} + std::to_string(id.value()));
}

Status CheckpointStorage::check(Epoch epoch) const {
  if (epoch == record_.epoch) return {};
  return {ErrorCode::fenced, "epoch " + std::to_string(epoch.value()) + " is over, " +
                                 std::to_string(record_.epoch.value()) + " has begun"};
}

Status CheckpointStorage::store(const CoordinatorRecord& record) {
  Status status = claim_->write(base::join_path(place_, "coordinator"), encode_record(record));
  // With an unknown outcome the newer facts are the safer ones: ids and epochs only ever grow.
  if (status.ok() || status.code() == ErrorCode::unknown_outcome) record_ = record;
  return status;
}

}  // namespace weir::checkpoint
