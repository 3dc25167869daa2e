#include "actors/net/refusal_log.hpp"

#include <algorithm>

namespace weir::net {
namespace {

// An attacker with a network of addresses must not fill the memory.
constexpr std::size_t kAddressesMax = 1'000;
// Stands for all addresses beyond that.
constexpr const char* kOthers = "others";

}  // namespace

std::optional<std::uint64_t> RefusalLimiter::admit(const std::string& address, Duration now) {
  if (addresses_.size() >= kAddressesMax) forget_quiet(now);
  const bool is_full = addresses_.size() >= kAddressesMax && !addresses_.contains(address);
  const auto [place, is_new] =
      addresses_.try_emplace(is_full ? kOthers : address, Allowance{rate_.burst, now, 0});
  Allowance& allowance = place->second;
  const auto earned = (now - allowance.since) / rate_.every;
  if (earned > 0) {
    allowance.left = static_cast<int>(std::min<std::int64_t>(rate_.burst, allowance.left + earned));
    allowance.since += earned * rate_.every;
  }
  if (allowance.left == 0) {
    ++allowance.kept_back;
    return std::nullopt;
  }
  --allowance.left;
  return std::exchange(allowance.kept_back, 0);
}

void RefusalLimiter::forget_quiet(Duration now) {
  std::erase_if(addresses_, [&](const auto& entry) {
    return now - entry.second.since >= rate_.burst * rate_.every;
  });
}

void RefusalLog::refused(const std::string& address, std::uint16_t port, std::string_view reason) {
  std::optional<std::uint64_t> kept_back;
  {
    const std::lock_guard lock{mutex_};
    kept_back = limiter_.admit(address, clock_.monotonic());
  }
  if (!kept_back) return;
  const std::string from = address + " port " + std::to_string(port);
  if (*kept_back == 0)
    log_.warn("refused a connection", {{"from", from}, {"reason", reason}});
  else
    log_.warn("refused a connection",
              {{"from", from}, {"reason", reason}, {"not_logged_before", *kept_back}});
}

}  // namespace weir::net
