// What the misuses are made of: records, streams of them, and types that cannot be records.
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct Payment {
  std::string account;
  double amount;
};

struct Alert {
  std::string account;
};

/// Has no codec: an address means nothing in another process.
struct Handle {
  int* address;
};

/// Has no codec: one field too many.
struct Seventeen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};

weir::Stream<Payment> payments();

inline auto payments_by_account() {
  return payments().key_by(&Payment::account);
}

weir::Stream<Alert> alerts();

inline auto alerts_by_account() {
  return alerts().key_by(&Alert::account);
}

/// Payments and alerts of the same account.
inline auto connected() {
  return payments_by_account().connect(alerts_by_account());
}

inline auto windows() {
  return payments_by_account().window(weir::tumbling(std::chrono::minutes{1}));
}

inline auto all_windows() {
  return payments().window_all(weir::tumbling(std::chrono::minutes{1}));
}
