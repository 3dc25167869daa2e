// Interrupts: how often somebody has pressed Ctrl-C.
#pragma once

namespace weir::cli {

/// Counts SIGINT and SIGTERM instead of dying of them, as long as it lives. One at a time.
class Interrupts {
public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  int count() const;
};

}  // namespace weir::cli
