// FailoverCluster: coordinators that take over from each other, and workers, each a process.
#pragma once

#include "test/process/child.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// All processes end with the object, and write every log line.
class FailoverCluster {
public:
  /// `store` are the options of the leader store, which every process gets.
  explicit FailoverCluster(std::vector<std::string> store);

  /// Starts a coordinator at a place of its own. Returns its index.
  std::size_t add_coordinator();
  /// Starts one in the place of a coordinator that has ended.
  void restart_coordinator(std::size_t index);
  /// Starts a worker with one slot, and waits until it has joined.
  void add_worker();

  Child& coordinator(std::size_t index) { return *coordinators_.at(index).process; }
  Child& worker(std::size_t index) { return *workers_.at(index); }
  /// "127.0.0.1:PORT,127.0.0.1:PORT" of all coordinators.
  std::string places() const;
  /// Makes those that start later find the leader by trying these, not by asking the store.
  void find_leader_at(const std::string& places) { places_ = places; }
  /// Turns the command line of `run` into that of `submit` to this cluster.
  std::vector<std::string> submit(std::vector<std::string> run) const;

private:
  struct Coordinator {
    std::string place;
    std::unique_ptr<Child> process;
  };

  void start(Coordinator& coordinator) const;
  std::vector<std::string> way(const std::string& flag) const;

  std::vector<std::string> store_;
  std::string places_;  // empty: the store says where the leader is
  std::vector<Coordinator> coordinators_;
  std::vector<std::unique_ptr<Child>> workers_;
};

}  // namespace weir::test
