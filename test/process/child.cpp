#include "test/process/child.hpp"

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

/// In the new process: becomes the program.
[[noreturn]] void become(const std::vector<std::string>& words, int output,
                         const ChildOptions& options) {
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (options.as_nobody && ::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(126);
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
  if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe"};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"no process"};
  if (pid_ == 0) {
    ::close(ends[0]);
    become(words, ends[1], options);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
  if (pipe_ >= 0) ::close(pipe_);
}

bool Child::read_more() {
  std::array<char, 4096> piece{};
  const ssize_t n = ::read(pipe_, piece.data(), piece.size());
  if (n <= 0) return false;
  output_.append(piece.data(), static_cast<std::size_t>(n));
  return true;
}

bool Child::wait_for(const std::string& text) {
  while (true) {
    for (std::size_t end = 0; (end = output_.find('\n', seen_)) != std::string::npos;) {
      const std::string line = output_.substr(seen_, end - seen_);
      seen_ = end + 1;
      if (line.find(text) != std::string::npos) return true;
    }
    if (!read_more()) return false;
  }
}

void Child::signal(int number) const {
  ::kill(pid_, number);
}

int Child::wait() {
  while (read_more()) {
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::uint64_t Child::count_of(const std::string& text) const {
  std::istringstream lines{output_};
  std::uint64_t count = 0;
  for (std::string line; std::getline(lines, line);)
    count += line.find(text) != std::string::npos ? 1 : 0;
  return count;
}

std::string Child::last_line() const {
  const std::size_t end = output_.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::size_t begin = output_.rfind('\n', end);
  return output_.substr(begin + 1, end - begin);
}

Ended run_to_end(std::vector<std::string> words, ChildOptions options) {
  Child child{std::move(words), options};
  const int code = child.wait();
  return {code, child.output(), child.last_line()};
}

}  // namespace weir::test
