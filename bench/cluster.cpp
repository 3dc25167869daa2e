#include "bench/cluster.hpp"

#include "bench/harness.hpp"
#include "test/support/free_port.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace bench {
namespace {

using weir::test::Child;

constexpr const char* kListens = "coordinator listens on";
constexpr const char* kStandsBy = "stands by leader=";  // it has seen that the leader lives

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

/// Requires that the program says `text`.
void wait_for(Child& child, const std::string& text) {
  if (!child.wait_for(text)) require(false, "no \"" + text + "\" in:\n" + child.output());
}

}  // namespace

bool is_role(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  return role == "coordinator" || role == "worker" || role == "submit";
}

Usage usage_of(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::string text;
  std::getline(std::ifstream{folder + "/stat"}, text);
  // Behind the name, which may hold blanks, stand the state, ten numbers, user and system time.
  unsigned long user = 0;
  unsigned long system = 0;
  const std::size_t name_end = text.rfind(')');
  require(
      name_end != std::string::npos &&
          std::sscanf(text.c_str() + name_end + 2,
                      "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system) == 2,
      "a process of the cluster has ended");
  long pages = 0;
  std::ifstream{folder + "/statm"} >> pages >> pages;
  return {.cpu_seconds =
              static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)),
          .resident_mb =
              static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6};
}

Cluster::Cluster(std::size_t workers, std::vector<std::string> store) : store_{std::move(store)} {
  start(leader_);
  wait_for(*leader_.process, kListens);
  if (!store_.empty()) {
    start(standby_);
    wait_for(*standby_.process, kStandsBy);
  }
  for (std::size_t i = 0; i < workers; ++i) workers_.push_back(start_worker());
}

void Cluster::start(Coordinator& coordinator) const {
  if (coordinator.place.empty())
    coordinator.place = "127.0.0.1:" + std::to_string(weir::test::free_port());
  std::vector<std::string> words{own_program(),     "coordinator", "--listen",
                                 coordinator.place, "--log-level", "info"};
  words.insert(words.end(), store_.begin(), store_.end());
  coordinator.process = std::make_unique<Child>(std::move(words));
}

std::vector<std::string> Cluster::way(const std::string& flag) const {
  return store_.empty() ? std::vector<std::string>{flag, leader_.place} : store_;
}

std::unique_ptr<Child> Cluster::start_worker() const {
  std::vector<std::string> words{own_program(), "worker", "--slots", "1", "--log-level", "info"};
  const auto join = way("--join");
  words.insert(words.end(), join.begin(), join.end());
  auto worker = std::make_unique<Child>(std::move(words));
  wait_for(*worker, "joined the cluster");
  return worker;
}

std::unique_ptr<Child> Cluster::submit(const std::vector<std::string>& more) const {
  std::vector<std::string> words{own_program(), "submit", "--progress", "none"};
  const auto to = way("--to");
  words.insert(words.end(), to.begin(), to.end());
  words.insert(words.end(), more.begin(), more.end());
  return std::make_unique<Child>(std::move(words));
}

void Cluster::replace_worker(std::size_t index) {
  workers_.at(index)->wait();
  workers_.at(index) = start_worker();
}

void Cluster::replace_leader() {
  leader_.process->wait();
  std::swap(leader_, standby_);
  wait_for(*leader_.process, kListens);
  start(standby_);
  wait_for(*standby_.process, kStandsBy);
}

void Cluster::wait_for_new_log(const std::string& text) const {
  leader_.process->forget_lines();
  wait_for(*leader_.process, text);
}

std::size_t Cluster::worker_of(pid_t process) const {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i]->pid() == process) return i;
  }
  require(false, "process " + std::to_string(process) + " is no worker");
  return 0;
}

}  // namespace bench
