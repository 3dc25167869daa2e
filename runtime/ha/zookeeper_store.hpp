// ZooKeeperStore: the leader store in ZooKeeper.
//
//   ROOT/CLUSTER/election/c-SEQUENCE   ephemeral; the lowest one is the leader's: its address
//   ROOT/CLUSTER/jobs/ID, results/ID   records
//
// The epoch of a leader is the sequence number of its node plus one. ZooKeeper deletes the node
// when it has not heard of the leader's session for the session timeout. Every change of a record
// is one transaction with a check that the own node is there, so a leader that has lost its session
// changes nothing, even if it does not know that yet.
//
// Whether a leader lives is ZooKeeper's to say: while its node is there, each look sees a new sign.
#pragma once

#include "runtime/ha/ha_options.hpp"
#include "runtime/ha/ha_store.hpp"
#include "runtime/ha/zookeeper_session.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace weir::runtime {

/// See the file comment.
class ZooKeeperStore final : public HaStore {
public:
  /// Does not connect yet: ZooKeeper may be down.
  ZooKeeperStore(const HaOptions::ZooKeeper& options, const std::string& cluster);
  ~ZooKeeperStore() override;

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
  using HandlePtr = ZooKeeperSession::HandlePtr;
  struct Change;  // one change of a record, as the client takes it

  std::string path_of(Folder folder) const;
  std::string path_of(Folder folder, const std::string& id) const;
  Result<std::vector<std::string>> children(const HandlePtr& handle, const std::string& path);
  Result<Bytes> get(const HandlePtr& handle, const std::string& path);
  Status create_parents(const HandlePtr& handle);
  Result<std::string> stand(const HandlePtr& handle, const std::string& address);
  Status commit(LeaderEpoch epoch, const Change& change);
  Result<std::string> own_node(LeaderEpoch epoch);
  void lose(LeaderEpoch epoch);

  ZooKeeperSession session_;
  std::string root_;                     // ROOT/CLUSTER
  std::atomic<std::uint64_t> looks_{0};  // makes each sign a new one
  std::mutex mutex_;                     // guards what follows
  std::string node_;                     // of this leader; empty: does not lead
  LeaderEpoch epoch_;
};

}  // namespace weir::runtime
