// Interrupts: how often somebody has pressed Ctrl-C.
#pragma once

#include <weir/time.hpp>

namespace weir::cli {

/// Counts SIGINT and SIGTERM instead of dying of them, as long as it lives. One at a time.
class Interrupts {
public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  int count() const;

  /// Waits for the next one, `limit` at most.
  void wait(Duration limit) const;
};

}  // namespace weir::cli
