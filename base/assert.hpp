// Assertions for programmer errors. They stay on in release builds and end the process: a dead node
// is a case that the engine survives, a wrong state is not.
#pragma once

namespace weir::base {

/// Prints the failed condition, where it stands, `message` and the call stack; then aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* message) noexcept;

}  // namespace weir::base

/// Ends the process unless `condition` holds. `message` is a literal that says what that means.
#define WEIR_ASSERT(condition, message)                                        \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::weir::base::assertion_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)

/// Marks a place that no execution may reach.
#define WEIR_UNREACHABLE(message) \
  ::weir::base::assertion_failed("unreachable", __FILE__, __LINE__, message)
