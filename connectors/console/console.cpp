#include <weir/console.hpp>

#include <cstdio>
#include <mutex>

namespace weir::console::detail {

void write_out(const std::string& lines) {
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  std::fwrite(lines.data(), 1, lines.size(), stdout);
  std::fflush(stdout);
}

}  // namespace weir::console::detail
