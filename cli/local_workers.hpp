// LocalWorkers: worker processes of this program, for a cluster on one machine.
#pragma once

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

namespace weir::cli {

/// Starts workers and, whenever one ends, another in its place. They end with this object, and with
/// the process.
class LocalWorkers {
public:
  /// `arguments` are those of a worker, but for its name.
  LocalWorkers(std::size_t count, std::vector<std::string> arguments);
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

private:
  struct Worker {
    pid_t pid = -1;
    int handle = -1;  // becomes readable when the process ends
  };

  Worker start();
  void replace_those_that_end();

  std::vector<std::string> arguments_;
  int names_ = 0;  // given so far
  int stop_ = -1;  // becomes readable when this object goes
  std::vector<Worker> workers_;
  std::thread watcher_;
};

}  // namespace weir::cli
