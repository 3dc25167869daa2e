// One line for every refused connection, and no flood of lines for a flood of connections.
#pragma once

#include "base/log.hpp"

#include <weir/clock.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// How many lines one address may cause: `burst` at once, then one every `every`.
struct RefusalRate {
  int burst = 10;
  Duration every = std::chrono::seconds{10};
};

/// Decides which lines are written. Addresses that are quiet long enough are forgotten; when there
/// are too many at once, the new ones share one allowance.
class RefusalLimiter {
public:
  explicit RefusalLimiter(RefusalRate rate) : rate_{rate} {}

  /// Returns how many lines about `address` were kept back before this one, which may be written;
  /// nothing if it is kept back itself.
  std::optional<std::uint64_t> admit(const std::string& address, Duration now);

private:
  struct Allowance {
    int left = 0;
    Duration since{};  // when `left` was right
    std::uint64_t kept_back = 0;
  };

  void forget_quiet(Duration now);

  RefusalRate rate_;
  std::map<std::string, Allowance> addresses_;
};

/// Writes the lines. May be called from any thread.
class RefusalLog {
public:
  /// `log` must outlive this object.
  RefusalLog(base::Logger& log, const Clock& clock, RefusalRate rate)
      : log_{log}, clock_{clock}, limiter_{rate} {}

  /// Says that the connection with `port` of `address` was refused or cut, and why.
  void refused(const std::string& address, std::uint16_t port, std::string_view reason);

private:
  base::Logger& log_;
  const Clock& clock_;
  std::mutex mutex_;
  RefusalLimiter limiter_;  // guarded by mutex_
};

}  // namespace weir::net
