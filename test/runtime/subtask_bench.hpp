// Bench: one subtask alone, carried by a port that only notes what is asked of it.
#pragma once

#include "base/memory_env.hpp"
#include "runtime/task/subtask.hpp"
#include "test/support/collect.hpp"
#include "test/support/refusing_env.hpp"

#include <weir/job.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using Trace = std::vector<std::string>;

/// A subtask between channels that the test fills and empties. Everything that it asks for is noted
/// as a line.
class Bench final : private runtime::SubtaskPort {
public:
  Bench(const Job& job, const std::string& name, std::uint32_t max_parallelism = 128)
      : plan_{runtime::Plan::build(job.graph(), max_parallelism)},
        id_{plan_.find(name).value()},
        inputs_(plan_.inputs_of(id_).size()),
        subtask_{plan_,
                 {.id = id_,
                  .attempt = AttemptId{1},
                  .run = "run",
                  .env = &env_,
                  .clock = &clock_,
                  .place = place()},
                 *this} {}

  /// Lets the subtask do something and then work until it has nothing to do; returns what it asked
  /// for meanwhile.
  template <class F>
  Trace turn(F&& f) {
    f(subtask_);
    do next_ = subtask_.drive();
    while (next_.when == runtime::Subtask::Next::When::at_once);
    return std::exchange(trace_, {});
  }
  Trace start() {
    return turn([](runtime::Subtask& subtask) { subtask.start(); });
  }
  /// Sends an element down an input channel.
  Trace push(std::uint32_t channel, runtime::Element element) {
    const std::uint64_t sequence = ++inputs_.at(channel);
    return turn([&](runtime::Subtask& subtask) {
      subtask.on_frame(ChannelIndex{channel}, {sequence, std::move(element)});
    });
  }
  Trace push(std::uint32_t channel, std::vector<int> records) {
    auto* batch = new detail::Batch<int>;
    batch->records = std::move(records);
    return push(channel, detail::BatchRef{batch});
  }
  Trace credit(std::uint32_t channel, std::uint32_t credits) {
    return turn(
        [&](runtime::Subtask& subtask) { subtask.on_credits(ChannelIndex{channel}, credits); });
  }
  /// Does the oldest piece of blocking work, and lets the subtask go on with it.
  Trace do_work() {
    REQUIRE_FALSE(work_.empty());
    const auto piece = std::move(work_.front());
    work_.pop_front();
    piece.first();
    return turn([&](runtime::Subtask& subtask) { subtask.resume(piece.second); });
  }
  /// The same with the newest piece: the pool keeps no order.
  Trace do_newest_work() {
    REQUIRE_FALSE(work_.empty());
    std::rotate(work_.begin(), work_.end() - 1, work_.end());
    return do_work();
  }
  std::size_t waiting_work() const { return work_.size(); }
  /// If somebody has woken the subtask, lets it work.
  Trace wake() {
    REQUIRE(is_woken_->exchange(false));
    return turn([](runtime::Subtask&) {});
  }
  /// When the subtask wants to be driven again, if nothing happens; none: not before.
  std::optional<Duration> wakes_at() const {
    if (next_.when != runtime::Subtask::Next::When::at_time) return std::nullopt;
    return next_.time;
  }

  runtime::Subtask& subtask() { return subtask_; }
  base::MemoryEnv& env() { return env_; }
  /// Where snapshots go: `env`, unless it refuses.
  RefusingEnv& disk() { return disk_; }
  Duration& now() { return clock_.now; }
  WallTime wall() const override { return clock_.wall(); }
  const std::vector<checkpoint::Ack>& acks() const { return acks_; }
  /// Barriers that have left, over all channels.
  const std::vector<checkpoint::Barrier>& barriers() const { return barriers_; }
  /// What it has told its group.
  const std::vector<runtime::SourceTime>& source_times() const { return source_times_; }
  std::uint64_t records_sent() const { return subtask_.counters().records_out; }
  /// What has left: the rest of `records_sent` waits for credits.
  std::uint64_t batches() const { return batches_; }
  std::uint64_t records_left() const { return records_left_; }

private:
  runtime::SnapshotPlace place() {
    auto place = runtime::snapshot_place(disk_, "/checkpoints", plan_.graph().options);
    place.savepoints = &disk_;
    return place;
  }

  void send(ChannelIndex channel, runtime::Frame frame) override {
    REQUIRE(frame.sequence == ++outputs_[channel.value()]);
    std::string what = "end";
    if (const auto* batch = std::get_if<detail::BatchRef>(&frame.element)) {
      ++batches_;
      records_left_ += (*batch)->size();
      what = std::to_string((*batch)->size()) + " records";
    } else if (const auto* b = std::get_if<checkpoint::Barrier>(&frame.element)) {
      what = "barrier " + std::to_string(b->id.value());
      barriers_.push_back(*b);
    } else if (const auto* cancel = std::get_if<runtime::CancelBarrier>(&frame.element)) {
      what = "cancel " + std::to_string(cancel->id.value());
    } else if (const auto* probe = std::get_if<runtime::EndProbe>(&frame.element)) {
      what =
          std::string{probe->is_busy ? "busy" : "quiet"} + " probe " + std::to_string(probe->round);
    } else if (const auto* watermark = std::get_if<runtime::Watermark>(&frame.element)) {
      what = "watermark " + std::to_string(watermark->time.time_since_epoch().count()) +
             (watermark->is_idle ? ", idle" : "");
    }
    note("out " + std::to_string(channel.value()) + ": " + what);
  }
  void grant(ChannelIndex input, std::uint32_t credits) override {
    note("grant " + std::to_string(input.value()) + ": " + std::to_string(credits));
  }
  void request_splits() override { note("request splits"); }
  void reads_backlog(bool is_backlog) override {
    note(is_backlog ? "reads a backlog" : "reads no backlog");
  }
  void tell_time(const runtime::SourceTime& time) override {
    note("time " + std::to_string(time.time.time_since_epoch().count()) +
         (time.counts ? "" : ", does not count") + (time.waits ? ", waits" : ""));
    source_times_.push_back(time);
  }
  void acknowledge(checkpoint::Ack ack) override {
    note("ack " + std::to_string(ack.id.value()));
    acks_.push_back(std::move(ack));
  }
  void decline(checkpoint::Decline decline) override {
    note("decline " + std::to_string(decline.id.value()) + ": " +
         std::string{checkpoint::describe(decline.reason)});
  }
  void drained() override { note("drained"); }
  void done() override { note("done"); }
  void lost_transactions(const std::string& name, std::uint64_t n, const std::string&) override {
    note("lost " + std::to_string(n) + " of " + name);
  }
  void failed(runtime::TaskFailure failure) override {
    note("failed: " + failure.operator_name + ": " + failure.message);
  }
  void retry_write(CheckpointId id, const Status& why, Duration pause,
                   std::function<void()> again) override {
    note("write " + std::to_string(id.value()) + " again: " + why.message());
    clock_.now += pause;
    work_.emplace_back([] {}, std::move(again));
  }
  void run_blocking(std::function<void()> work, std::function<void()> then) override {
    work_.emplace_back(std::move(work), std::move(then));
  }
  std::function<void()> waker() override {
    return [is_woken = is_woken_] { *is_woken = true; };
  }
  bool has_mail() const override { return false; }
  void reached(Phase phase, CheckpointId id) override {
    if (phase == Phase::aligning || phase == Phase::snapshotted)
      note(std::string{to_string(phase)} + " " + std::to_string(id.value()));
  }
  void processed(std::uint64_t) override {}
  Duration now() const override { return clock_.now; }

  void note(std::string line) { trace_.push_back(std::move(line)); }

  base::MemoryEnv env_;
  RefusingEnv disk_{env_};
  StoppedClock clock_;
  runtime::Plan plan_;
  SubtaskId id_;
  std::vector<std::uint64_t> inputs_;               // frames sent, by channel
  std::map<std::uint32_t, std::uint64_t> outputs_;  // frames received, by channel
  std::uint64_t batches_ = 0;
  std::uint64_t records_left_ = 0;
  runtime::Subtask::Next next_;
  Trace trace_;
  std::deque<std::pair<std::function<void()>, std::function<void()>>> work_;
  std::shared_ptr<std::atomic<bool>> is_woken_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<checkpoint::Ack> acks_;
  std::vector<runtime::SourceTime> source_times_;
  std::vector<checkpoint::Barrier> barriers_;
  runtime::Subtask subtask_;
};

}  // namespace weir::test
