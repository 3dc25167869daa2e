// Coordinators that agree by a ZooKeeper of the test's own.
#include "test/process/failover_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/runtime/ha/zookeeper_server.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace weir;
using test::Child;
using test::FailoverCluster;
using test::WordCountRuns;
using test::ZooKeeperServer;

namespace {

std::vector<std::string> in_zookeeper(const ZooKeeperServer& server) {
  return {"--set", "high-availability.type=zookeeper",
          "--set", "high-availability.zookeeper.quorum=" + server.address(),
          "--set", "high-availability.zookeeper.client.session-timeout=2s",
          "--set", "high-availability.zookeeper.client.connection-timeout=1s"};
}

void require_finished(Child& submit) {
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
}

}  // namespace

TEST_CASE("a standby takes over with ZooKeeper, and every count is right", "[service][failover]") {
  ZooKeeperServer server;
  WordCountRuns runs;
  runs.write_corpus(1, 60, 100'000);
  FailoverCluster cluster{in_zookeeper(server)};
  const std::size_t first = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(first).wait_for("coordinator listens on"));
  const std::size_t next = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(next).wait_for("stands by"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator(first).wait_for("checkpoint completed"));
  cluster.coordinator(first).signal(SIGKILL);
  cluster.coordinator(first).wait();
  REQUIRE(cluster.coordinator(next).wait_for("goes on with a job"));
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("a coordinator waits for a ZooKeeper that is down at the start", "[service][failover]") {
  ZooKeeperServer server;
  server.stop();
  WordCountRuns runs;
  runs.write_corpus(1, 2, 10'000);
  FailoverCluster cluster{in_zookeeper(server)};
  const std::size_t only = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(only).wait_for("ZooKeeper cannot be reached"));
  server.start();
  REQUIRE(cluster.coordinator(only).wait_for("coordinator listens on"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("a job outlives a ZooKeeper that is gone for a while", "[service][failover]") {
  ZooKeeperServer server;
  WordCountRuns runs;
  runs.write_corpus(1, 60, 100'000);
  FailoverCluster cluster{in_zookeeper(server)};
  const std::size_t only = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(only).wait_for("coordinator listens on"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator(only).wait_for("checkpoint completed"));
  server.stop();
  REQUIRE(cluster.coordinator(only).wait_for("leads no longer"));
  server.start();
  REQUIRE(cluster.coordinator(only).wait_for("goes on with a job"));
  require_finished(submit);
  runs.require_exact("final");
}
