#define THREADED  // declares the synchronous calls

#include "test/runtime/ha/zookeeper_server.hpp"

#include "runtime/ha/zookeeper_session.hpp"
#include "test/support/free_port.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir::test {
namespace {

constexpr const char* kJar = "/usr/share/java/zookeeper.jar";

}  // namespace

ZooKeeperServer::ZooKeeperServer() {
  INFO("install what scripts/setup names");
  REQUIRE(std::filesystem::exists(kJar));
  std::string pattern = "/tmp/weir-zookeeper-XXXXXX";
  directory_ = ::mkdtemp(pattern.data());
  const int port = free_port();
  address_ = "127.0.0.1:" + std::to_string(port);
  // A short tick, since the server keeps no session for less than two of them.
  std::ofstream{directory_ + "/zoo.cfg"} << "tickTime=200\ndataDir=" << directory_
                                         << "\nclientPort=" << port
                                         << "\nclientPortAddress=127.0.0.1\n"
                                            "admin.enableServer=false\n";
  start();
}

ZooKeeperServer::~ZooKeeperServer() {
  stop();
  std::filesystem::remove_all(directory_);
}

void ZooKeeperServer::start() {
  process_ = ::fork();
  REQUIRE(process_ >= 0);
  if (process_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive the test
  const int log = ::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  const std::string config = directory_ + "/zoo.cfg";
  ::execlp("java", "java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", kJar,
           "org.apache.zookeeper.server.quorum.QuorumPeerMain", config.c_str(), nullptr);
  ::_exit(127);
}

void delete_node(const std::string& address, const std::string& path) {
  using namespace std::chrono_literals;
  runtime::ZooKeeperSession session{address, 2s, 15s};
  const auto handle = session.connect();
  REQUIRE(handle.ok());
  REQUIRE(::zoo_delete((*handle)->get(), path.c_str(), -1) == ZOK);
}

void ZooKeeperServer::stop() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

}  // namespace weir::test
