// FailoverCluster: coordinators that take over from each other, and workers, each a process; all on
// this host, or each on one of its own.
#pragma once

#include "test/process/child.hpp"
#include "test/process/test_network.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// All processes end with the object, and write every log line.
class FailoverCluster {
public:
  /// `store` are the options of the leader store, which every process gets; so it does `common`.
  explicit FailoverCluster(std::vector<std::string> store, std::vector<std::string> common = {},
                           const TestNetwork* network = nullptr);

  /// Where processes are on a network, which must outlive the cluster.
  static constexpr std::size_t kCoordinatorHosts = 2;
  static std::size_t host_of_coordinator(std::size_t index) { return index; }
  static std::size_t host_of_worker(std::size_t index) { return kCoordinatorHosts + index; }
  static constexpr std::size_t hosts(std::size_t workers) {
    return kCoordinatorHosts + workers + 1;  // what is submitted is on the last one
  }

  /// Starts a coordinator at a place of its own. Returns its index.
  std::size_t add_coordinator();
  /// Starts one in the place of a coordinator that has ended.
  void restart_coordinator(std::size_t index);
  /// Starts a worker with one slot, and waits until it has joined.
  void add_worker();
  /// Kills a worker; starts another one in its place and waits until that has joined.
  void replace_worker(std::size_t index);

  Child& coordinator(std::size_t index) { return *coordinators_.at(index).process; }
  Child& worker(std::size_t index) { return *workers_.at(index); }
  std::size_t workers() const { return workers_.size(); }
  /// "HOST:PORT,HOST:PORT" of all coordinators.
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

  void start(std::size_t coordinator);
  std::unique_ptr<Child> start_worker(std::size_t index);
  std::vector<std::string> on(std::size_t host, std::vector<std::string> words) const;
  std::vector<std::string> way(const std::string& flag) const;

  std::vector<std::string> store_;
  std::vector<std::string> common_;
  const TestNetwork* network_;
  std::uint64_t names_ = 0;
  std::string places_;  // empty: the store says where the leader is
  std::vector<Coordinator> coordinators_;
  std::vector<std::unique_ptr<Child>> workers_;
};

}  // namespace weir::test
