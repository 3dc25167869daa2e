// Payments as they come in: made up, each from its number, so that every run sees the same ones.
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <string>

namespace payments {

inline constexpr std::uint64_t kAccounts = 100;

struct Payment {
  std::string account;
  std::int64_t cents;
};

inline Payment payment(std::int64_t number) {
  const std::uint64_t random = weir::mix(static_cast<std::uint64_t>(number));
  return {"account-" + std::to_string(random % kAccounts),
          static_cast<std::int64_t>(random / kAccounts % 100'000)};
}

/// What there is to be said of where payments come from and go to.
struct Settings {
  std::int64_t count = 1'000'000;
  std::int64_t rate = 0;
  std::string output = {};
};

}  // namespace payments
