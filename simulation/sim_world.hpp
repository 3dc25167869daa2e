// SimWorld: time, threads and chance of one simulated process.
#pragma once

#include "base/blocking_pool.hpp"
#include "base/fault_points.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

#include <weir/clock.hpp>

#include <caf/scheduler/test_coordinator.hpp>

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace weir::simulation {

/// The virtual clock of an actor system under test. Wall time is an hour-aligned constant plus the
/// time since the simulation began, plus an offset.
class SimClock final : public Clock {
public:
  /// The simulation began when the monotonic clock showed `origin`.
  explicit SimClock(caf::scheduler::test_coordinator& scheduler, Duration origin = {})
      : scheduler_{scheduler}, origin_{origin} {}

  Duration monotonic() const override { return scheduler_.clock().now().time_since_epoch(); }
  WallTime wall() const override {
    const Duration passed = monotonic() - origin_;
    return WallTime{std::chrono::floor<std::chrono::microseconds>(kStart + passed + offset_)};
  }
  /// Sets the wall clock; it may jump.
  void set_wall_offset(Duration offset) { offset_ = offset; }

private:
  static constexpr Duration kStart = std::chrono::hours{24 * 365 * 50};

  caf::scheduler::test_coordinator& scheduler_;
  Duration origin_;
  Duration offset_{};
};

/// Blocking work waits here until the simulator runs it.
class SimPool final : public base::BlockingPool {
public:
  void submit(std::function<void()> work) override { waiting_.push_back(std::move(work)); }

  bool is_empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  /// Runs the waiting work with this index. Of work that hangs nobody hears again.
  void run(std::size_t index);
  void clear() { waiting_.clear(); }

private:
  std::deque<std::function<void()>> waiting_;
};

/// Collects log lines.
class SimLog final : public base::Logger {
public:
  void write(base::LogLevel, std::string_view message, Fields fields) override {
    lines_.push_back(base::format_log_line(message, fields));
  }
  const std::vector<std::string>& lines() const { return lines_; }

private:
  std::vector<std::string> lines_;
};

/// Adds disturbed messages to the chaos rules of a run.
class SimFaults final : public base::FaultPoints {
public:
  SimFaults(base::FaultPoints& rules, std::uint64_t seed, double disturbed)
      : rules_{rules}, random_{seed}, disturbed_{disturbed} {}

  bool armed() const noexcept override { return rules_.armed(); }
  bool reached(std::string_view who, Phase phase, std::uint64_t checkpoint) override {
    return rules_.reached(who, phase, checkpoint);
  }
  bool processed(std::string_view who, std::uint64_t count) override {
    return rules_.processed(who, count);
  }
  bool disturbs_messages() const noexcept override { return disturbed_ > 0; }
  base::Fate fate_of(std::string_view message) override;

private:
  base::FaultPoints& rules_;
  base::Random random_;
  double disturbed_;
};

}  // namespace weir::simulation
