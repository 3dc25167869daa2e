#include "cli/interrupts.hpp"

#include <poll.h>

#include <atomic>
#include <csignal>

namespace weir::cli {
namespace {

std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler needs it");

struct sigaction old_int;
struct sigaction old_term;

extern "C" void count_interrupt(int) {
  interrupts.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Interrupts::Interrupts() {
  interrupts = 0;
  struct sigaction action = {};
  action.sa_handler = count_interrupt;
  sigaction(SIGINT, &action, &old_int);
  sigaction(SIGTERM, &action, &old_term);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &old_int, nullptr);
  sigaction(SIGTERM, &old_term, nullptr);
}

int Interrupts::count() const {
  return interrupts.load(std::memory_order_relaxed);
}

void Interrupts::wait(Duration limit) const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
  ::poll(nullptr, 0, static_cast<int>(ms.count()));  // a signal ends it
}

}  // namespace weir::cli
