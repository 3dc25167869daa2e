// AssignTime: gives records their event times, and tells how far event time has come.
#pragma once

#include <weir/clock.hpp>
#include <weir/detail/operator.hpp>
#include <weir/emit.hpp>
#include <weir/watermarks.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <ratio>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir::detail {

/// The clock of one split, or of a whole subtask: a generator, and what it must not decide.
template <class G>
class SplitTime {
public:
  explicit SplitTime(const Watermarks<G>& watermarks)
      : generator_{watermarks.generator()}, idle_after_{watermarks.idle_after()} {}

  template <class T>
  void on_record(const T& record, Timestamp time) {
    generator_.on_record(record, time);
  }
  /// Whether a record has come or not, it has not been silent.
  void on_activity() { was_active_ = true; }

  /// Never goes back, and never claims the end of time, which only the end of the input is.
  Watermark tell(Duration active) {
    time_ = reached();
    if (std::exchange(was_active_, false) || is_held_) last_active_ = active;
    is_idle_ = idle_after_ && active - last_active_ >= *idle_after_;
    return {time_, is_idle_};
  }

  /// The same as of now, but that it finds nobody idle.
  Watermark now() const { return {reached(), is_idle_ && !was_active_}; }

  /// Whether nobody asks it for records, so that its silence means nothing.
  void hold(bool is_held) { is_held_ = is_held; }

  /// It is silent from now on, if nothing comes.
  void begin(Duration active) { last_active_ = active; }

private:
  Timestamp reached() const {
    constexpr Timestamp kLast = Timestamp::max() - std::chrono::milliseconds{1};
    return std::max(time_, std::min<Timestamp>(generator_.watermark(), kLast));
  }

  G generator_;
  std::optional<Duration> idle_after_;
  Timestamp time_ = Timestamp::min();
  Duration last_active_{};
  bool was_active_ = false;
  bool is_idle_ = false;  // as was told last
  bool is_held_ = false;
};

/// Rounds a time point down to milliseconds. Throws std::out_of_range if it is further from 1970
/// than they can count, as nanoseconds are that were taken for seconds.
template <class Time>
Timestamp in_milliseconds(const Time& time) {
  using Length = typename Time::duration;
  if constexpr (std::ratio_greater_v<typename Length::period, std::milli> ||
                std::chrono::treat_as_floating_point_v<typename Length::rep>) {
    using Wide = std::chrono::duration<long double, std::milli>;
    const Wide since{time.time_since_epoch()};
    const Wide limit{Timestamp::max().time_since_epoch()};
    if (!(-limit < since && since < limit))
      throw std::out_of_range{
          "the time of a record is more milliseconds from 1970 than can be counted; is its unit "
          "right?"};
  }
  return std::chrono::floor<std::chrono::milliseconds>(time);
}

/// See the file comment. TimeOf says the time of a record, G makes watermarks.
template <class T, class TimeOf, class G>
class AssignTime final : public Operator, private TimeOrigin {
public:
  AssignTime(const OperatorInit& init, TimeOf time_of, Watermarks<G> watermarks)
      : clock_{init.clock != nullptr ? init.clock : &Clock::system()},
        time_of_{std::move(time_of)},
        watermarks_{std::move(watermarks)},
        splits_{SplitTime<G>{watermarks_}} {}

  void connect(BatchConsumer* next) override {
    next_ = next;
    emit_.connect(next);
  }

  void process(BatchBody& body, std::size_t begin, std::size_t end) override {
    auto& batch = static_cast<Batch<T>&>(body);
    assign(batch, begin, end);
    if (begin == 0 && end == batch.size()) return next_->consume(batch);
    for (std::size_t i = begin; i < end; ++i) {
      emit_.set_time(batch.times[i]);
      emit_(std::move(batch.records[i]));
    }
    emit_.flush();
  }

  TimeOrigin* time_origin() override { return this; }

private:
  void assign(Batch<T>& batch, std::size_t begin, std::size_t end) {
    SplitTime<G>& split = splits_[selected_];
    split.on_activity();
    const Timestamp latest = latest_allowed();
    batch.times.resize(batch.records.size(), kNoTime);
    for (std::size_t i = begin; i < end; ++i) {
      const T& record = batch.records[i];
      const Timestamp time = in_milliseconds(std::invoke(time_of_, record));
      if (time == kNoTime)
        throw std::out_of_range{
            "a record has the least time there is, which stands for none; is its time set?"};
      batch.times[i] = time;
      if (time <= latest) split.on_record(record, time);
    }
  }

  Timestamp latest_allowed() const {
    if (!watermarks_.at_most_ahead()) return Timestamp::max();
    return std::chrono::floor<std::chrono::milliseconds>(clock_->wall()) +
           std::chrono::floor<std::chrono::milliseconds>(*watermarks_.at_most_ahead());
  }

  void follow_splits() override { splits_.clear(); }
  void open_split() override {
    splits_.emplace_back(watermarks_);
    splits_.back().begin(told_at_);
  }
  void select_split(std::size_t index) override { selected_ = index; }
  void close_split(std::size_t index) override {
    splits_.erase(splits_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  const WatermarkAlignment* alignment() const override {
    return watermarks_.alignment() ? &*watermarks_.alignment() : nullptr;
  }
  Watermark split_time(std::size_t index) const override { return splits_[index].now(); }
  void hold_split(std::size_t index, bool is_held) override { splits_[index].hold(is_held); }

  /// The least of those that are not idle. If all are, nobody waits for them, so what any of them
  /// has seen counts.
  Watermark tell(Duration active) override {
    told_at_ = active;
    Timestamp least = Timestamp::max();
    Timestamp greatest = Timestamp::min();
    bool is_idle = !splits_.empty();
    for (SplitTime<G>& split : splits_) {
      const Watermark watermark = split.tell(active);
      greatest = std::max(greatest, watermark.time);
      if (watermark.is_idle) continue;
      is_idle = false;
      least = std::min(least, watermark.time);
    }
    if (!splits_.empty()) time_ = std::max(time_, is_idle ? greatest : least);
    return {time_, is_idle};
  }

  const Clock* clock_;
  TimeOf time_of_;
  Watermarks<G> watermarks_;
  std::vector<SplitTime<G>> splits_;
  std::size_t selected_ = 0;
  Duration told_at_{};
  Timestamp time_ = Timestamp::min();
  BatchConsumer* next_ = nullptr;
  Emit<T> emit_;
};

template <class F, class T>
concept TellsTime = requires(const F& f, const T& record) {
  {
    std::chrono::floor<std::chrono::milliseconds>(std::invoke(f, record))
    } -> std::same_as<Timestamp>;
};

}  // namespace weir::detail
