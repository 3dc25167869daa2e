// Child: a program run as a process of its own, whose lines on standard error can be waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

/// How a child is started.
struct ChildOptions {
  bool as_nobody = false;  ///< gives up root first; nothing happens when not root
};

/// A running program. Killed with SIGKILL if it still runs when the object dies, or the thread that
/// made it.
class Child {
public:
  /// Starts the program `words[0]` with its arguments; both outputs go to one pipe.
  explicit Child(std::vector<std::string> words, ChildOptions options = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Goes on until a line contains `text`; false if the program ends before.
  bool wait_for(const std::string& text);
  /// The same for several texts; returns which one it was, or none. Gives up when `other` ends.
  std::optional<std::size_t> wait_for_any(const std::vector<std::string>& texts,
                                          const Child* other = nullptr);
  /// Waits for so long, for a moment that nothing announces, or until the program ends.
  void wait_for_time(std::chrono::microseconds time);
  /// Makes `wait_for` go on behind what has been printed so far.
  void forget_lines();
  void signal(int number) const;
  /// Of the running program.
  pid_t pid() const { return pid_; }
  /// Waits for the end. Returns the exit code, or 128 + the signal that ended it.
  int wait();
  /// How many lines so far contain `text`.
  std::uint64_t count_of(const std::string& text) const;
  /// All that was printed so far.
  std::string output() const;
  /// The last line that was printed; complete after `wait`.
  std::string last_line() const;

private:
  void read_all(int pipe);
  bool has_ended() const;

  pid_t pid_ = -1;
  std::thread reader_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string output_;      // guarded by mutex_
  bool has_ended_ = false;  // likewise
  std::size_t seen_ = 0;    // wait_for goes on from here
};

/// Runs a program to its end.
struct Ended {
  int code = 0;
  std::string output;
  std::string last_line;
};
Ended run_to_end(std::vector<std::string> words, ChildOptions options = {});

}  // namespace weir::test
