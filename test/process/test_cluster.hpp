// TestCluster: a coordinator and workers of the word count program, each a process of its own.
#pragma once

#include "test/process/child.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// All processes end with the object. Coordinator and workers write every log line, so that a test
/// can wait for what they do.
class TestCluster {
public:
  /// Starts a coordinator, with these options besides the quick ones of every test.
  explicit TestCluster(std::vector<std::string> options = {});

  /// Starts a worker with one slot, and waits until it has joined. Returns its index.
  std::size_t add_worker(std::vector<std::string> more = {});
  /// Ends a worker by SIGKILL, and starts another in its place, under a new name.
  void replace_worker(std::size_t index);
  /// Ends the coordinator by SIGKILL.
  void kill_coordinator();
  /// Starts another coordinator at the same place.
  void restart_coordinator();

  Child& coordinator() { return *coordinator_; }
  Child& worker(std::size_t index) { return *workers_.at(index); }
  std::size_t workers() const { return workers_.size(); }
  /// "127.0.0.1:PORT"
  std::string place() const { return "127.0.0.1:" + port_; }
  /// Turns the command line of `run` into that of `submit` to this cluster.
  std::vector<std::string> submit(std::vector<std::string> run) const;

private:
  void start_coordinator(const std::string& port);
  std::unique_ptr<Child> start_worker(std::vector<std::string> more);

  std::vector<std::string> options_;
  std::string port_;
  std::unique_ptr<Child> coordinator_;
  std::vector<std::unique_ptr<Child>> workers_;
  int names_ = 0;  // given so far
};

}  // namespace weir::test
