// Board: memory that the processes of a benchmark share, by the name of a file.
#pragma once

#include "bench/harness.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <type_traits>

namespace bench {

/// Holds a T, which starts as zeros. T is made of lock-free atomics.
template <class T>
class Board {
public:
  /// Makes the file if there is none; ends the program if it cannot.
  explicit Board(const std::string& file) {
    static_assert(std::is_standard_layout_v<T>);
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    require(fd >= 0 && ::ftruncate(fd, sizeof(T)) == 0, "cannot write " + file);
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    require(memory != MAP_FAILED, "cannot map " + file);
    ::close(fd);
    content_ = static_cast<T*>(memory);
  }
  ~Board() { ::munmap(content_, sizeof(T)); }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  T* operator->() const { return content_; }

private:
  T* content_;
};

/// Waits until `done()`; ends the program after `seconds_max` with what did not come.
template <class F>
void wait_until(F done, double seconds_max, const std::string& what) {
  for (const double began = now(); !done();) {
    require(now() - began < seconds_max, what);
    std::this_thread::sleep_for(std::chrono::microseconds{100});
  }
}

}  // namespace bench
