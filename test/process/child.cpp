#include "test/process/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace weir::test {
namespace {

constexpr uid_t kNobody = 65534;
constexpr std::chrono::milliseconds kLookAtOther{10};

/// In the new process: becomes the program.
[[noreturn]] void become(const std::vector<std::string>& words, int output,
                         const ChildOptions& options) {
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (options.as_nobody && ::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing behind
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  std::perror(arguments[0]);
  ::_exit(127);
}

}  // namespace

Child::Child(std::vector<std::string> words, ChildOptions options) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"no process"};
  if (pid_ == 0) become(words, ends[1], options);
  ::close(ends[1]);
  reader_ = std::thread{[this, pipe = ends[0]] { read_all(pipe); }};
}

Child::~Child() {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
}

/// Takes what the program prints as it comes: a full pipe would stop it.
void Child::read_all(int pipe) {
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t n = ::read(pipe, piece.data(), piece.size());
    const std::lock_guard lock{mutex_};
    if (n > 0) output_.append(piece.data(), static_cast<std::size_t>(n));
    has_ended_ = n <= 0;
    changed_.notify_all();
    if (has_ended_) break;
  }
  ::close(pipe);
}

bool Child::wait_for(const std::string& text) {
  return wait_for_any({text}).has_value();
}

std::optional<std::size_t> Child::wait_for_any(const std::vector<std::string>& texts,
                                               const Child* other) {
  std::unique_lock lock{mutex_};
  while (true) {
    for (std::size_t end = 0; (end = output_.find('\n', seen_)) != std::string::npos;) {
      const std::string_view line = std::string_view{output_}.substr(seen_, end - seen_);
      seen_ = end + 1;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (line.find(texts[i]) != std::string_view::npos) return i;
      }
    }
    if (has_ended_ || (other != nullptr && other->has_ended())) return std::nullopt;
    if (other == nullptr)
      changed_.wait(lock);
    else
      changed_.wait_for(lock, kLookAtOther);
  }
}

void Child::wait_for_time(std::chrono::microseconds time) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, time, [this] { return has_ended_; });
}

void Child::forget_lines() {
  const std::lock_guard lock{mutex_};
  seen_ = output_.rfind('\n') + 1;  // 0 if there is none
}

bool Child::has_ended() const {
  const std::lock_guard lock{mutex_};
  return has_ended_;
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);  // to -1 it would go to every process that there is
}

int Child::wait() {
  reader_.join();
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Child::output() const {
  const std::lock_guard lock{mutex_};
  return output_;
}

std::uint64_t Child::count_of(const std::string& text) const {
  std::istringstream lines{output()};
  std::uint64_t count = 0;
  for (std::string line; std::getline(lines, line);)
    count += line.find(text) != std::string::npos ? 1 : 0;
  return count;
}

std::string Child::last_line() const {
  const std::string all = output();
  const std::size_t end = all.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::size_t begin = all.rfind('\n', end);
  return all.substr(begin + 1, end - begin);
}

Ended run_to_end(std::vector<std::string> words, ChildOptions options) {
  Child child{std::move(words), options};
  const int code = child.wait();
  return {code, child.output(), child.last_line()};
}

}  // namespace weir::test
