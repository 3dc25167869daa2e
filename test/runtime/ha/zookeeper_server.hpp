// A ZooKeeper server of the test's own: on the loopback interface, in a directory of its own, ended
// with the test. Needs the packages that scripts/setup installs.
#pragma once

#include <sys/types.h>

#include <string>

namespace weir::test {

class ZooKeeperServer {
public:
  ZooKeeperServer();
  ~ZooKeeperServer();
  ZooKeeperServer(const ZooKeeperServer&) = delete;
  ZooKeeperServer& operator=(const ZooKeeperServer&) = delete;

  /// Starts it, with what it held before. Clients connect when it is ready.
  void start();
  /// Kills it.
  void stop();

  /// "127.0.0.1:PORT".
  const std::string& address() const { return address_; }

private:
  std::string directory_;
  std::string address_;
  ::pid_t process_ = 0;  // 0: does not run
};

/// Deletes a node, as an operator might.
void delete_node(const std::string& address, const std::string& path);

}  // namespace weir::test
