#include "test/process/failover_cluster.hpp"

#include "test/process/word_count_runs.hpp"
#include "test/support/free_port.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <utility>

namespace weir::test {
namespace {

constexpr int kPort = 6123;  // of coordinators on hosts of their own

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

FailoverCluster::FailoverCluster(std::vector<std::string> store, std::vector<std::string> common,
                                 const TestNetwork* network)
    : store_{std::move(store)}, common_{std::move(common)}, network_{network} {}

std::vector<std::string> FailoverCluster::on(std::size_t host,
                                             std::vector<std::string> words) const {
  return network_ == nullptr ? words : network_->on(host, words);
}

std::size_t FailoverCluster::add_coordinator() {
  const std::size_t index = coordinators_.size();
  const std::string place = network_ == nullptr ? "127.0.0.1:" + std::to_string(free_port())
                                                : TestNetwork::address(host_of_coordinator(index)) +
                                                      ":" + std::to_string(kPort);
  coordinators_.push_back({place, nullptr});
  start(index);
  return index;
}

void FailoverCluster::restart_coordinator(std::size_t index) {
  start(index);
}

void FailoverCluster::start(std::size_t coordinator) {
  Coordinator& starts = coordinators_.at(coordinator);
  std::vector<std::string> words{program("word_count"), "coordinator", "--listen",
                                 starts.place,          "--log-level", "info"};
  append(words, store_);
  append(words, common_);
  append(words, {"--set", "heartbeat.interval=100ms", "--set", "heartbeat.timeout=1s"});
  starts.process = std::make_unique<Child>(on(host_of_coordinator(coordinator), std::move(words)));
}

void FailoverCluster::add_worker() {
  workers_.push_back(start_worker(workers_.size()));
}

void FailoverCluster::replace_worker(std::size_t index) {
  workers_.at(index)->signal(SIGKILL);
  workers_.at(index)->wait();
  workers_.at(index) = start_worker(index);
}

std::unique_ptr<Child> FailoverCluster::start_worker(std::size_t index) {
  std::vector<std::string> words{
      program("word_count"),          "worker",      "--slots", "1", "--name",
      "w" + std::to_string(names_++), "--log-level", "info"};
  const std::size_t host = host_of_worker(index);
  if (network_ != nullptr) append(words, {"--listen", TestNetwork::address(host) + ":0"});
  append(words, way("--join"));
  append(words, common_);
  append(words, {"--set", "heartbeat.interval=100ms", "--set", "heartbeat.timeout=1s"});
  auto worker = std::make_unique<Child>(on(host, std::move(words)));
  REQUIRE(worker->wait_for("joined the cluster"));
  return worker;
}

std::string FailoverCluster::places() const {
  std::string places;
  for (const Coordinator& coordinator : coordinators_)
    places += (places.empty() ? "" : ",") + coordinator.place;
  return places;
}

std::vector<std::string> FailoverCluster::way(const std::string& flag) const {
  return places_.empty() ? store_ : std::vector<std::string>{flag, places_};
}

std::vector<std::string> FailoverCluster::submit(std::vector<std::string> run) const {
  run.at(1) = "submit";
  append(run, way("--to"));
  append(run, common_);
  append(run, {"--set", "restart-strategy.type=fixed-delay", "--set",
               "restart-strategy.fixed-delay.delay=1ms", "--set",
               "restart-strategy.fixed-delay.attempts=1000"});
  return on(hosts(workers_.size()) - 1, std::move(run));
}

}  // namespace weir::test
