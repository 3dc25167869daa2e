// DirectoryStore: the leader store in a directory that all coordinators of a cluster share.
//
//   STORAGE/CLUSTER/claim-EPOCH-0.OWNER/   held by the leader (base/claim.hpp)
//   STORAGE/CLUSTER/leader                 its epoch and address
//   STORAGE/CLUSTER/heartbeat              counts up while it lives
//   STORAGE/CLUSTER/lock                   locked by its process
//   STORAGE/CLUSTER/jobs/ID, results/ID    records
//
// Every change goes through the claim, so a leader that was frozen at any instruction cannot make
// one any more once another has claimed.
//
// No clocks are compared: a standby watches by its own clock whether the heartbeat changes. It need
// not wait if the leader has resigned, or if its process has died, which shows in the lock: the
// leader says that it holds it, the standby has seen it held in this epoch, and now it is free.
// Where locks are not shared between machines it is never seen held, and the standby waits.
#pragma once

#include "base/claim.hpp"
#include "runtime/ha/ha_codec.hpp"
#include "runtime/ha/ha_store.hpp"

#include <weir/env.hpp>

#include <memory>
#include <mutex>

namespace weir::runtime {

/// See the file comment.
class DirectoryStore final : public HaStore {
public:
  /// Opens the place of `cluster` in the existing directory `storage`. `owner` names this process
  /// as no other is ever named, by letters, digits, "-", "_" and ".".
  static Result<std::unique_ptr<DirectoryStore>> open(Env& env, const std::string& storage,
                                                      const std::string& cluster,
                                                      const std::string& owner);

  Result<Sighting> look(Viewer viewer) override;
  Result<LeaderEpoch> claim(const std::string& address, LeaderEpoch newest) override;
  Status beat(LeaderEpoch epoch) override;
  void resign(LeaderEpoch epoch) override;
  Status create(LeaderEpoch epoch, Folder folder, const std::string& id,
                std::string_view bytes) override;
  Status update(LeaderEpoch epoch, Folder folder, const std::string& id,
                std::string_view bytes) override;
  Status remove(LeaderEpoch epoch, Folder folder, const std::string& id) override;
  Result<Bytes> read(Folder folder, const std::string& id) override;
  Result<std::vector<std::string>> list(Folder folder) override;

private:
  using ClaimPtr = std::shared_ptr<base::Claim>;

  DirectoryStore(Env& env, std::string place, std::string owner);

  std::string path_of(Folder folder, const std::string& id) const;
  Result<ClaimPtr> held(LeaderEpoch epoch);
  Status write_heartbeat(base::Claim& claim, bool has_resigned);
  void lose(LeaderEpoch epoch);
  bool has_died(LeaderEpoch epoch);
  Status acquire_lock();

  Env& env_;
  std::string place_;  // STORAGE/CLUSTER
  std::string owner_;
  std::mutex records_mutex_;  // held by one change of a record at a time
  std::mutex mutex_;          // guards what follows; never held during a change of a record
  ClaimPtr claim_;            // null: does not lead
  std::uint64_t beats_ = 0;   // of this leadership
  std::unique_ptr<FileLock> lock_;
  LeaderEpoch seen_locked_;  // the leader whose lock was last seen held
};

/// Checks that high-availability.storageDir is there. One that is missing is never made: when it is
/// not mounted, that would look like a new cluster.
Status check_storage(Env& env, const std::string& storage);

}  // namespace weir::runtime
