// The job of both versions, which differ in the book that they keep. Payments are made up, each
// from its number, so that every run sees the same ones.
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

template <class Book>
weir::Job job(const Settings& settings) {
  weir::Job job{"payments"};
  job.source("numbers", weir::generator::sequence(0, settings.count,
                                                  {.rate = static_cast<double>(settings.rate)}))
      .map("payments", payment)
      .key_by(&Payment::account)
      .template process<Book>("book")
      .sink("lines", weir::files::csv<typename Book::out_type>(settings.output));
  return job;
}

}  // namespace payments
