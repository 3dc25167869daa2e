#include "test/process/test_cluster.hpp"

#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <csignal>

namespace weir::test {
namespace {

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

/// Returns what stands between `before` and the end of the line.
std::string text_after(const std::string& output, const std::string& before) {
  const std::size_t from = output.find(before);
  REQUIRE(from != std::string::npos);
  const std::size_t begin = from + before.size();
  return output.substr(begin, output.find('\n', begin) - begin);
}

}  // namespace

TestCluster::TestCluster(std::vector<std::string> options) : options_{std::move(options)} {
  start_coordinator("0");
  port_ = text_after(coordinator_->output(), "coordinator listens on 127.0.0.1:");
}

void TestCluster::start_coordinator(const std::string& port) {
  std::vector<std::string> words{program("word_count"), "coordinator", "--listen",
                                 "127.0.0.1:" + port,   "--log-level", "info"};
  append(words, options_);
  coordinator_ = std::make_unique<Child>(std::move(words));
  REQUIRE(coordinator_->wait_for("coordinator listens on 127.0.0.1:"));
}

std::unique_ptr<Child> TestCluster::start_worker(std::vector<std::string> more) {
  std::vector<std::string> words{
      program("word_count"),          "worker",      "--join", place(), "--slots", "1", "--name",
      "w" + std::to_string(names_++), "--log-level", "info"};
  append(words, options_);
  append(words, more);
  auto worker = std::make_unique<Child>(std::move(words));
  REQUIRE(worker->wait_for("joined the cluster"));
  return worker;
}

std::size_t TestCluster::add_worker(std::vector<std::string> more) {
  workers_.push_back(start_worker(std::move(more)));
  return workers_.size() - 1;
}

void TestCluster::replace_worker(std::size_t index) {
  workers_.at(index)->signal(SIGKILL);
  workers_.at(index)->wait();
  workers_.at(index) = start_worker({});
}

void TestCluster::kill_coordinator() {
  coordinator_->signal(SIGKILL);
  coordinator_->wait();
}

void TestCluster::restart_coordinator() {
  start_coordinator(port_);
}

std::vector<std::string> TestCluster::submit(std::vector<std::string> run) const {
  run.at(1) = "submit";
  append(run, {"--to", place(), "--set", "restart-strategy.type=fixed-delay", "--set",
               "restart-strategy.fixed-delay.delay=1ms", "--set",
               "restart-strategy.fixed-delay.attempts=1000"});
  return run;
}

}  // namespace weir::test
