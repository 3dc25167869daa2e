#include "cli/local_workers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace weir::cli {
namespace {

/// In the new process: becomes a worker of the same program, and ends with its parent.
[[noreturn]] void become(const std::vector<char*>& words, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) ::execv("/proc/self/exe", words.data());
  ::_exit(127);
}

}  // namespace

LocalWorkers::LocalWorkers(std::size_t count, std::vector<std::string> arguments)
    : arguments_{std::move(arguments)}, stop_{::eventfd(0, EFD_CLOEXEC)} {
  for (std::size_t i = 0; i < count; ++i) workers_.push_back(start());
  watcher_ = std::thread{[this] { replace_those_that_end(); }};
}

LocalWorkers::~LocalWorkers() {
  ::eventfd_write(stop_, 1);
  watcher_.join();
  for (const Worker& worker : workers_) {
    if (worker.pid <= 0) continue;
    ::kill(worker.pid, SIGKILL);
    ::waitpid(worker.pid, nullptr, 0);
    ::close(worker.handle);
  }
  ::close(stop_);
}

LocalWorkers::Worker LocalWorkers::start() {
  std::vector<std::string> words{"weir", "worker", "--name", "worker-" + std::to_string(++names_)};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(pointers, parent);
  if (pid < 0) return {};
  return {pid, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

void LocalWorkers::replace_those_that_end() {
  while (true) {
    std::vector<pollfd> watched{{stop_, POLLIN, 0}};
    for (const Worker& worker : workers_) watched.push_back({worker.handle, POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (watched[i + 1].revents == 0) continue;
      ::waitpid(workers_[i].pid, nullptr, 0);
      ::close(workers_[i].handle);
      workers_[i] = start();
    }
  }
}

}  // namespace weir::cli
