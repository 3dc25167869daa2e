#include "base/assert.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace weir::base {

void assertion_failed(const char* condition, const char* file, int line,
                      const char* message) noexcept {
  std::fprintf(stderr, "weir: assertion failed: %s (%s)\n  at %s:%d\n", message, condition, file,
               line);
  constexpr int kFramesMax = 48;
  void* frames[kFramesMax];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, kFramesMax), STDERR_FILENO);
  std::abort();
}

}  // namespace weir::base
