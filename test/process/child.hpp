// Child: a program run as a process of its own, whose lines on standard error can be waited for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

/// How a child is started.
struct ChildOptions {
  bool as_nobody = false;  ///< gives up root first; nothing happens when not root
};

/// A running program. Killed with SIGKILL if it still runs when the object dies.
class Child {
public:
  /// Starts the program `words[0]` with its arguments; both outputs go to one pipe.
  explicit Child(std::vector<std::string> words, ChildOptions options = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Reads on until a line contains `text`; false if the program ends before.
  bool wait_for(const std::string& text);
  void signal(int number) const;
  /// Waits for the end. Returns the exit code, or 128 + the signal that ended it.
  int wait();
  /// How many lines so far contain `text`.
  std::uint64_t count_of(const std::string& text) const;
  /// All that was printed so far.
  const std::string& output() const { return output_; }
  /// The last line that was printed; complete after `wait`.
  std::string last_line() const;

private:
  /// Appends what the program prints next; false at the end of its output.
  bool read_more();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string output_;
  std::size_t seen_ = 0;  // wait_for goes on from here
};

/// Runs a program to its end.
struct Ended {
  int code = 0;
  std::string output;
  std::string last_line;
};
Ended run_to_end(std::vector<std::string> words, ChildOptions options = {});

}  // namespace weir::test
