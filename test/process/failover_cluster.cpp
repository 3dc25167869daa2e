#include "test/process/failover_cluster.hpp"

#include "test/process/word_count_runs.hpp"
#include "test/support/free_port.hpp"

#include <catch2/catch.hpp>

#include <utility>

namespace weir::test {
namespace {

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

const std::vector<std::string> kQuickDeadlines{"--set", "heartbeat.interval=100ms", "--set",
                                               "heartbeat.timeout=1s"};

}  // namespace

FailoverCluster::FailoverCluster(std::vector<std::string> store) : store_{std::move(store)} {}

std::size_t FailoverCluster::add_coordinator() {
  coordinators_.push_back({"127.0.0.1:" + std::to_string(free_port()), nullptr});
  start(coordinators_.back());
  return coordinators_.size() - 1;
}

void FailoverCluster::restart_coordinator(std::size_t index) {
  start(coordinators_.at(index));
}

void FailoverCluster::start(Coordinator& coordinator) const {
  std::vector<std::string> words{program("word_count"), "coordinator", "--listen",
                                 coordinator.place,     "--log-level", "info"};
  append(words, store_);
  append(words, kQuickDeadlines);
  coordinator.process = std::make_unique<Child>(std::move(words));
}

void FailoverCluster::add_worker() {
  std::vector<std::string> words{program("word_count"),
                                 "worker",
                                 "--slots",
                                 "1",
                                 "--name",
                                 "w" + std::to_string(workers_.size()),
                                 "--log-level",
                                 "info"};
  append(words, way("--join"));
  append(words, kQuickDeadlines);
  workers_.push_back(std::make_unique<Child>(std::move(words)));
  REQUIRE(workers_.back()->wait_for("joined the cluster"));
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
  append(run, {"--set", "restart-strategy.type=fixed-delay", "--set",
               "restart-strategy.fixed-delay.delay=1ms", "--set",
               "restart-strategy.fixed-delay.attempts=1000"});
  return run;
}

}  // namespace weir::test
