// A cluster of real processes for a benchmark, which is the program of all of them: main() hands
// the command line to `weir::main` if `is_role` says that it was started as a part of the cluster.
#pragma once

#include "test/process/child.hpp"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Whether the command line is that of a coordinator, a worker or a client.
bool is_role(int argc, char** argv);

/// What a process has used so far.
struct Usage {
  double cpu_seconds = 0;
  double resident_mb = 0;
};
Usage usage_of(pid_t process);

/// A coordinator and workers with one slot each. All processes end with the object; the program
/// ends if one of them cannot be started.
class Cluster {
public:
  /// With the options of a leader store there is a second coordinator, which stands by.
  explicit Cluster(std::size_t workers, std::vector<std::string> store = {});

  /// Submits the program's job with these flags and options, and returns the client.
  std::unique_ptr<weir::test::Child> submit(const std::vector<std::string>& more) const;

  /// Starts a worker in the place of this one, which has been killed.
  void replace_worker(std::size_t index);

  /// Waits until the one that stands by leads, and starts another in the place of the leader, which
  /// has been killed.
  void replace_leader();

  /// Goes on until the leading coordinator logs `text`, from now on; ends the program if it ends
  /// before.
  void wait_for_new_log(const std::string& text) const;

  weir::test::Child& leader() { return *leader_.process; }

  weir::test::Child& worker(std::size_t index) { return *workers_.at(index); }
  /// Returns the index of the worker that is this process.
  std::size_t worker_of(pid_t process) const;

private:
  struct Coordinator {
    std::string place;  // "127.0.0.1:PORT"
    std::unique_ptr<weir::test::Child> process;
  };

  void start(Coordinator& coordinator) const;
  std::unique_ptr<weir::test::Child> start_worker() const;
  std::vector<std::string> way(const std::string& flag) const;

  std::vector<std::string> store_;
  Coordinator leader_;
  Coordinator standby_;  // if there is a store
  std::vector<std::unique_ptr<weir::test::Child>> workers_;
};

}  // namespace bench
