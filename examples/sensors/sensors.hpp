// The sensors job, apart from its main so that tests can build it as well.
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace sensors {

struct Reading {
  std::string sensor = {};
  double value = 0;  // degrees Celsius
  std::int64_t number = 0;
};

struct Alert {
  std::string sensor = {};
  double before = 0;
  double value = 0;
  std::int64_t number = 0;  // of the reading
};

/// Raises an Alert when a sensor's value jumps by more than five degrees between two readings;
/// after that a minute passes before the sensor may raise another. What is known of a sensor that
/// has been silent for an hour is forgotten.
class AnomalyDetector final : public weir::KeyedProcess<std::string, Reading, Alert> {
public:
  static constexpr double kJump = 5.0;

  void on_record(const Reading& reading, Ctx& ctx, weir::Emit<Alert>& out) override {
    const auto before = last_.get();
    last_.set(reading.value);
    if (!before || std::abs(reading.value - *before) <= kJump || quiet_until_) return;
    out({reading.sensor, *before, reading.value, reading.number});
    quiet_until_.set(ctx.processing_time() + std::chrono::minutes{1});
    ctx.processing_timers().at(*quiet_until_.get());
  }

  void on_timer(weir::Timestamp, Ctx&, weir::Emit<Alert>&) override { quiet_until_.clear(); }

private:
  weir::ValueState<double> last_{*this, "last", weir::ttl(std::chrono::hours{1})};
  weir::ValueState<weir::Timestamp> quiet_until_{*this, "quiet-until"};
};

inline constexpr std::uint64_t kSensors = 20;

/// Reading `number`, made up: sensors take turns; about one reading of 200 is far off.
inline Reading reading(std::int64_t number) {
  const auto n = static_cast<std::uint64_t>(number);
  const std::uint64_t random = weir::mix(n);
  const double noise = static_cast<double>(random % 1000) / 1000;
  return {"sensor-" + std::to_string(n % kSensors), 20 + noise + (random % 199 == 0 ? 30 : 0),
          number};
}

inline void build(weir::Job& job, weir::Source<std::int64_t> numbers, weir::Sink<Alert> alerts) {
  if (!job.options().restart)
    job.options().restart = weir::restart::exponential(
        {.initial = std::chrono::seconds{1}, .max = std::chrono::minutes{1}, .multiplier = 2});
  job.source("numbers", std::move(numbers))
      .map("readings", reading)
      .key_by(&Reading::sensor)
      .process<AnomalyDetector>("detector")
      .sink("alerts", std::move(alerts));
}

}  // namespace sensors
