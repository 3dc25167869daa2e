#include "cli/run_id.hpp"

#include <chrono>
#include <cstdio>
#include <random>

namespace weir::cli {

std::string new_run_id() {
  // The one place outside of the seeded generators that may be different each time.
  std::random_device device;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  char text[32];
  std::snprintf(text, sizeof text, "%08llx%06x",
                static_cast<unsigned long long>(
                    std::chrono::duration_cast<std::chrono::seconds>(now).count()),
                device() & 0xffffffU);
  return text;
}

}  // namespace weir::cli
