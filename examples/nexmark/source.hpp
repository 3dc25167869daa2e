// The source of all queries: a stretch of events, as the records that a query reads of them.
#pragma once

#include <weir/source.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "event.hpp"

namespace nexmark {

/// Which events there are, and how fast they come.
struct Input {
  std::int64_t first = 0;  ///< number of the first event
  std::int64_t events = 100'000;
  double rate = 0;  ///< events a second over all subtasks; 0: as fast as possible
  /// When the first one is due, by Clock::monotonic. Without it each reader keeps the rate from the
  /// time on at which it begins, also after a restart.
  std::optional<weir::Duration> start = {};
};

/// Every so many events from some number on, so that together with others of its kind it reads all
/// of them at the same pace. Position: the number of the next event.
template <class T, class Read>
class EventReader final : public weir::SplitReader<T, std::int64_t> {
public:
  EventReader(const Input& input, std::int64_t next, std::int64_t step, Read read,
              const weir::Clock& clock)
      : next_{next},
        end_{input.first + input.events},
        step_{step},
        rate_{input.rate},
        read_{std::move(read)},
        clock_{clock},
        from_{input.start ? input.first : next},
        began_{input.start ? *input.start : clock.monotonic()} {}

  weir::Poll poll(weir::Emit<T>& out) override {
    std::int64_t end = std::min(end_, next_ + kEventsPerPoll * step_);
    if (rate_ > 0) {
      const double elapsed = seconds(clock_.monotonic() - began_);
      const auto due = from_ + static_cast<std::int64_t>(elapsed * rate_) + 1;
      if (due <= next_ && next_ < end_) return weir::Later{until_due(elapsed)};
      end = std::min(end, due);
    }
    for (; next_ < end; next_ += step_) read_(Event{next_}, out);
    if (next_ >= end_) return weir::End{};
    return weir::Ready{};
  }

  std::int64_t position() const override { return next_; }

private:
  static constexpr std::int64_t kEventsPerPoll = 512;

  static double seconds(weir::Duration time) { return std::chrono::duration<double>{time}.count(); }

  /// How long after `elapsed` seconds the next event is due; at least so long that what comes fast
  /// comes in batches.
  weir::Duration until_due(double elapsed) const {
    constexpr weir::Duration kLeast = std::chrono::milliseconds{1};
    const std::chrono::duration<double> due{static_cast<double>(next_ - from_) / rate_};
    const auto left = due - std::chrono::duration<double>{elapsed};
    return std::max(std::chrono::duration_cast<weir::Duration>(left), kLeast);
  }

  std::int64_t next_;
  std::int64_t end_;
  std::int64_t step_;
  double rate_;
  Read read_;
  const weir::Clock& clock_;
  std::int64_t from_;  // the event that is due at `began_`
  weir::Duration began_;
};

/// Calls `read(event, out)` for each event; it emits what the query reads of it as records of type
/// T. The subtasks of the source take turns: of N, subtask I reads events I, I + N, I + 2N, ...,
/// counted from the first one. Splits are named "I/N".
template <class T, class Read>
weir::Source<T> source(const Input& input, Read read) {
  return weir::make_source(
      [](const weir::SourceContext& context) {
        std::vector<weir::Split> splits;
        for (std::uint32_t i = 0; i < context.parallelism; ++i)
          splits.push_back({std::to_string(i) + "/" + std::to_string(context.parallelism)});
        return splits;
      },
      [input, read = std::move(read)](const weir::Split& split,
                                      const std::optional<std::int64_t>& position,
                                      const weir::SourceContext& context) {
        const std::int64_t first = input.first + std::stoll(split.id);
        const std::int64_t step = std::stoll(split.id.substr(split.id.find('/') + 1));
        return std::make_unique<EventReader<T, Read>>(input, position.value_or(first), step, read,
                                                      context.clock);
      },
      {.assignment = weir::Assignment::spread});
}

}  // namespace nexmark
