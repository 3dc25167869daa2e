#include "runtime/ha/directory_store.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

constexpr const char* kStorageKey = "high-availability.storageDir";

LeaderEpoch epoch_of(const base::Claim& claim) {
  return LeaderEpoch{claim.number().term};
}

}  // namespace

DirectoryStore::DirectoryStore(Env& env, std::string place, std::string owner)
    : env_{env}, place_{std::move(place)}, owner_{std::move(owner)} {}

Status check_storage(Env& env, const std::string& storage) {
  const auto info = env.stat(storage);
  if (info.ok() && info->is_directory) return {};
  return {info.ok() ? ErrorCode::failed_precondition : info.status().code(),
          std::string{kStorageKey} + " is no directory: " + storage +
              "; mount it, or create it for a new cluster"};
}

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open(Env& env, const std::string& storage,
                                                             const std::string& cluster,
                                                             const std::string& owner) {
  for (const std::string& name : {cluster, owner}) {
    if (Status status = check_record_id(name); !status.ok()) return status;
  }
  if (Status status = check_storage(env, storage); !status.ok()) return status;
  std::unique_ptr<DirectoryStore> store{
      new DirectoryStore{env, base::join_path(storage, cluster), owner}};
  for (const Folder folder : {Folder::jobs, Folder::results}) {
    const std::string path = base::join_path(store->place_, std::string{name_of(folder)});
    if (Status status = base::create_durable_directories(env, path); !status.ok())
      return status.with_context(kStorageKey);
  }
  return store;
}

Result<Sighting> DirectoryStore::look(Viewer viewer) {
  const auto newest = base::Claim::newest(env_, place_);
  if (!newest.ok()) return newest.status().with_context(kStorageKey);
  const LeaderEpoch epoch{newest->term};
  Sighting sighting;
  sighting.newest = epoch;
  sighting.sign = std::to_string(newest->term) + "-" + std::to_string(newest->turn);
  if (newest->term == 0) {  // nobody has ever led
    sighting.is_free = true;
    return sighting;
  }
  // What is damaged or belongs to an earlier leader says nothing: it will be written anew.
  if (const auto bytes = base::read_file(env_, base::join_path(place_, "leader")); bytes.ok()) {
    const auto leader = decode_leader(*bytes);
    if (leader.ok() && leader->epoch == epoch) sighting.leader = *leader;
  }
  const auto bytes = base::read_file(env_, base::join_path(place_, "heartbeat"));
  if (!bytes.ok()) return sighting;
  const auto heartbeat = decode_heartbeat(*bytes);
  if (!heartbeat.ok() || heartbeat->epoch != epoch) return sighting;
  sighting.sign += "." + std::to_string(heartbeat->count);
  if (heartbeat->has_resigned) {
    sighting.leader.reset();
    sighting.is_free = true;
  } else if (viewer == Viewer::candidate && heartbeat->holds_lock) {
    sighting.is_free = has_died(epoch);
  }
  return sighting;
}

/// Whether the process that led under `epoch` is known to be dead.
bool DirectoryStore::has_died(LeaderEpoch epoch) {
  const std::lock_guard lock{mutex_};
  if (claim_ != nullptr) return false;
  if (const Status status = acquire_lock(); !status.ok()) {
    if (status.code() == ErrorCode::failed_precondition) seen_locked_ = epoch;
    return false;
  }
  if (seen_locked_ == epoch) return true;
  lock_.reset();  // perhaps locks are not shared between machines: it proves nothing
  return false;
}

/// `failed_precondition` if another process has it.
Status DirectoryStore::acquire_lock() {
  if (lock_ != nullptr) return {};
  auto lock = env_.lock(base::join_path(place_, "lock"));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(lock).value();
  return {};
}

Result<LeaderEpoch> DirectoryStore::claim(const std::string& address, LeaderEpoch newest) {
  {
    const std::lock_guard lock{mutex_};
    claim_.reset();
  }
  auto taken = base::Claim::take_first(env_, place_, owner_, newest.value() + 1);
  if (!taken.ok()) return taken.status().with_context(kStorageKey);
  base::Claim& claim = **taken;
  // What the former leader wrote and had not yet synced is relied on from here on.
  for (const Folder folder : {Folder::jobs, Folder::results}) {
    const std::string path = base::join_path(place_, std::string{name_of(folder)});
    if (Status status = env_.sync_directory(path); !status.ok()) return status;
  }
  const Bytes record = encode_leader({epoch_of(claim), address});
  if (Status status = claim.write(base::join_path(place_, "leader"), record); !status.ok())
    return status.with_context(kStorageKey);
  const std::lock_guard lock{mutex_};
  (void)acquire_lock();
  beats_ = 0;
  claim_ = ClaimPtr{std::move(taken).value()};
  return epoch_of(*claim_);
}

Status DirectoryStore::beat(LeaderEpoch epoch) {
  const auto claim = held(epoch);
  if (!claim.ok()) return claim.status();
  const Status status = write_heartbeat(**claim, false);
  if (status.code() == ErrorCode::fenced) lose(epoch);
  return status.with_context(kStorageKey);
}

Status DirectoryStore::write_heartbeat(base::Claim& claim, bool has_resigned) {
  Heartbeat heartbeat{.epoch = epoch_of(claim), .has_resigned = has_resigned};
  {
    const std::lock_guard lock{mutex_};
    heartbeat.count = ++beats_;
    heartbeat.holds_lock = acquire_lock().ok();
  }
  // A power cut ends every leadership, so a heartbeat need not survive it.
  return claim.write(base::join_path(place_, "heartbeat"), encode_heartbeat(heartbeat),
                     base::Durability::visible);
}

void DirectoryStore::resign(LeaderEpoch epoch) {
  const auto claim = held(epoch);
  if (!claim.ok()) return;
  (void)write_heartbeat(**claim, true);  // otherwise a standby waits
  lose(epoch);
}

void DirectoryStore::lose(LeaderEpoch epoch) {
  const std::lock_guard lock{mutex_};
  if (claim_ == nullptr || epoch_of(*claim_) != epoch) return;
  claim_.reset();
  lock_.reset();  // the next leader shows by it that it lives
}

Result<DirectoryStore::ClaimPtr> DirectoryStore::held(LeaderEpoch epoch) {
  const std::lock_guard lock{mutex_};
  if (claim_ == nullptr || epoch_of(*claim_) != epoch) return not_leading(epoch);
  return claim_;
}

std::string DirectoryStore::path_of(Folder folder, const std::string& id) const {
  return base::join_path(base::join_path(place_, std::string{name_of(folder)}), id);
}

Status DirectoryStore::create(LeaderEpoch epoch, Folder folder, const std::string& id,
                              std::string_view bytes) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  const auto claim = held(epoch);
  if (!claim.ok()) return claim.status();
  const std::lock_guard lock{records_mutex_};
  const std::string path = path_of(folder, id);
  if (Status status = env_.stat(path).status(); status.code() != ErrorCode::not_found) {
    if (!status.ok()) return status;
    // Somebody who leads no longer must not be told about the present.
    if (Status still = (*claim)->check(); !still.ok()) return still;
    return {ErrorCode::already_exists, path + " exists already"};
  }
  return (*claim)->write(path, bytes);
}

Status DirectoryStore::update(LeaderEpoch epoch, Folder folder, const std::string& id,
                              std::string_view bytes) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  const auto claim = held(epoch);
  if (!claim.ok()) return claim.status();
  const std::lock_guard lock{records_mutex_};
  const std::string path = path_of(folder, id);
  if (Status status = env_.stat(path).status(); !status.ok()) {
    if (Status still = (*claim)->check(); !still.ok()) return still;
    return status;
  }
  return (*claim)->write(path, bytes);
}

Status DirectoryStore::remove(LeaderEpoch epoch, Folder folder, const std::string& id) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  const auto claim = held(epoch);
  if (!claim.ok()) return claim.status();
  const std::lock_guard lock{records_mutex_};
  return (*claim)->remove(path_of(folder, id));
}

Result<Bytes> DirectoryStore::read(Folder folder, const std::string& id) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  auto bytes = base::read_file(env_, path_of(folder, id));
  if (!bytes.ok() && bytes.status().code() == ErrorCode::not_found) {
    // A record may be missing; a store that is not mounted any more is another thing.
    if (auto present = list(folder); !present.ok()) return present.status();
  }
  return bytes;
}

Result<std::vector<std::string>> DirectoryStore::list(Folder folder) {
  const std::string path = base::join_path(place_, std::string{name_of(folder)});
  const auto entries = env_.list(path);
  if (!entries.ok()) {
    const bool is_gone = entries.status().code() == ErrorCode::not_found;
    return Status{is_gone ? ErrorCode::unavailable : entries.status().code(),
                  entries.status().message() + "; is " + kStorageKey + " still mounted?"};
  }
  std::vector<std::string> ids;
  for (const DirectoryEntry& entry : *entries) ids.push_back(entry.name);
  return ids;
}

}  // namespace weir::runtime
