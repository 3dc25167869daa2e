#include <weir/clock.hpp>

namespace weir {

const Clock& Clock::system() {
  class SystemClock final : public Clock {
  public:
    Duration monotonic() const override {
      return std::chrono::steady_clock::now().time_since_epoch();
    }
    WallTime wall() const override {
      return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
  };
  static const SystemClock clock;
  return clock;
}

}  // namespace weir
