// HaStore: where the coordinators of a cluster agree on who leads, and where the leader keeps what
// must outlive it. One interface for a directory and for ZooKeeper.
//
// Invariants
//  - Epochs grow from leader to leader, and no two leaders have the same.
//  - A change that was answered with ok was made by the leader of the greatest epoch that had been
//    given out, and survives a power cut. From the moment `claim` has returned ok, every change by
//    an earlier leader is refused with `fenced`, whenever that leader began it.
//  - Missing and unreachable are two things: a store that does not answer is `unavailable`, never
//    empty.
//
// Liveness (who may claim when) is decided by LeaderElection; safety does not depend on it.
//
// Methods block and may be called from any thread.
#pragma once

#include "base/ids.hpp"

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::runtime {

/// Who leads the cluster, and where to reach it.
struct Leader {
  LeaderEpoch epoch;
  std::string address;  // HOST:PORT

  friend bool operator==(const Leader&, const Leader&) = default;
};

/// What a store shows of the leader.
struct Sighting {
  std::optional<Leader> leader = {};  // none: nobody leads, or somebody is about to
  LeaderEpoch newest = {};            // the greatest that has been given out
  /// As long as this stays the same the leader has not shown that it lives.
  std::string sign = {};
  /// The store knows that nobody leads: there is nothing to wait for.
  bool is_free = false;
};

/// Who looks.
enum class Viewer : std::uint8_t {
  follower,   // wants to know the leader
  candidate,  // wants to become it
};

/// Kinds of records.
enum class Folder : std::uint8_t { jobs, results };

/// See the file comment.
class HaStore {
public:
  virtual ~HaStore() = default;
  HaStore() = default;
  HaStore(const HaStore&) = delete;
  HaStore& operator=(const HaStore&) = delete;

  virtual Result<Sighting> look(Viewer viewer) = 0;

  /// Becomes the leader and fences all earlier ones. `address` is for clients and workers, `newest`
  /// is from the sighting on which this was decided: `failed_precondition` if somebody else has
  /// become the leader since. So who was frozen between the two deposes nobody.
  virtual Result<LeaderEpoch> claim(const std::string& address, LeaderEpoch newest) = 0;
  /// Shows that the leader lives. `fenced`: it leads no longer.
  virtual Status beat(LeaderEpoch epoch) = 0;
  /// Gives the leadership up, as well as it can. No effect if it leads under another epoch.
  virtual void resign(LeaderEpoch epoch) = 0;

  // Records, named by `check_record_id`. What is answered with `unknown_outcome` may have happened.

  /// `already_exists` if there is one.
  virtual Status create(LeaderEpoch epoch, Folder folder, const std::string& id,
                        std::string_view bytes) = 0;
  /// `not_found` if there is none.
  virtual Status update(LeaderEpoch epoch, Folder folder, const std::string& id,
                        std::string_view bytes) = 0;
  /// One that does not exist is no error.
  virtual Status remove(LeaderEpoch epoch, Folder folder, const std::string& id) = 0;
  virtual Result<Bytes> read(Folder folder, const std::string& id) = 0;
  /// Returns the ids, sorted.
  virtual Result<std::vector<std::string>> list(Folder folder) = 0;
};

/// Returns the name of a folder in a store. On disk: do not change.
std::string_view name_of(Folder folder);

/// Ids are names of files and nodes: 1 to 200 letters, digits, "-", "_" and ".", no "." in front.
/// `invalid_argument` otherwise.
Status check_record_id(std::string_view id);

/// What a method says to somebody who does not lead under `epoch`.
Status not_leading(LeaderEpoch epoch);

}  // namespace weir::runtime
