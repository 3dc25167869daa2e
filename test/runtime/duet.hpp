// Duet: two subtasks of sources that are aligned with each other, and what carries their messages,
// on a clock of their own.
#pragma once

#include "runtime/job/watermark_groups.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

inline constexpr int kBatch =
    1024;  // records, the most that is read before anybody looks at the time
inline constexpr int kDrift = 500;  // ms

inline Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// A split whose records are the milliseconds from `next` to `end`, in which they happened.
struct Feed {
  int next = 0;
  int end = 0;
  int per_poll = 16;
  Duration pause = {};  // between two polls; 0: it always has more
};
/// By split.
using Feeds = std::shared_ptr<std::map<std::string, Feed>>;

class FeedReader final : public SplitReader<int, int> {
public:
  explicit FeedReader(Feed& feed) : feed_{feed} {}
  Poll poll(Emit<int>& out) override {
    for (int i = 0; i < feed_.per_poll && feed_.next < feed_.end; ++i) out(feed_.next++);
    if (feed_.next == feed_.end) return End{};
    return feed_.pause == Duration{} ? Poll{Ready{}} : Poll{Later{feed_.pause}};
  }
  int position() const override { return feed_.next; }

private:
  Feed& feed_;
};

inline Source<int> source_of(const Feeds& feeds) {
  return make_source([] { return std::vector<Split>{}; },
                     [feeds](const Split& split, std::optional<int> position) {
                       Feed& feed = (*feeds)[split.id];
                       feed.next = position.value_or(feed.next);
                       return std::make_unique<FeedReader>(feed);
                     },
                     {.assignment = Assignment::spread});
}

inline Watermarks<BoundedLag> aligned() {
  return monotonic().aligned("group", std::chrono::milliseconds{kDrift});
}

/// Two sources, "fast" and "slow", that end in one sink.
inline Job two_sources(const Feeds& feeds, const Watermarks<BoundedLag>& watermarks) {
  Job job{"two"};
  const auto timed = [&](const char* name) {
    return job.source(name, source_of(feeds)).event_time([](int n) { return at(n); }, watermarks);
  };
  timed("fast")
      .union_with(timed("slow"))
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink());
  return job;
}

/// The two sources of such a job, and what carries their messages. The time is theirs.
class Duet {
public:
  explicit Duet(const Watermarks<BoundedLag>& watermarks = aligned())
      : job_{two_sources(feeds_, watermarks)},
        plan_{runtime::Plan::build(job_.graph(), 128)},
        groups_{plan_},
        fast{job_, "fast/0"},
        slow{job_, "slow/0"} {}

  Feed& feed(const std::string& split) { return (*feeds_)[split]; }

  /// Begins to read these splits; sinks take all there is.
  void start(std::vector<std::string> of_fast, std::vector<std::string> of_slow) {
    for (Bench* bench : {&fast, &slow}) {
      bench->start();
      bench->credit(0, 1'000'000);
    }
    assign(fast, std::move(of_fast));
    assign(slow, std::move(of_slow));
    deliver();
  }

  /// Lets time pass in steps of a millisecond.
  void pass(Duration time) {
    for (const Duration end = slow.now() + time; slow.now() < end;) step();
  }
  void step() {
    for (Bench* bench : {&fast, &slow}) {
      bench->now() += std::chrono::milliseconds{1};
      note(bench->turn([](runtime::Subtask&) {}));
    }
    deliver();
    widest = std::max(widest, feed("fast").next - feed("slow").next);
  }

  /// Delivers messages until nobody sends any.
  void deliver() {
    for (bool was_sent = true; std::exchange(was_sent, false);) {
      for (const char* name : {"fast/0", "slow/0"}) {
        Bench& bench = bench_of(name);
        while (told_[name] < bench.source_times().size()) {
          was_sent = true;
          const runtime::SourceTime time = bench.source_times()[told_[name]++];
          if (loses_messages) continue;
          answer(groups_.on_told(plan_.find(name).value(), time));
        }
      }
    }
  }

  void fail(const char* name) { answer(groups_.on_failed({plan_.find(name).value()})); }

private:
  static void assign(Bench& bench, std::vector<std::string> ids) {
    std::vector<state::SplitPosition> splits;
    for (std::string& id : ids) splits.push_back({{std::move(id)}, std::nullopt});
    bench.turn([&](runtime::Subtask& subtask) { subtask.on_splits(std::move(splits), true); });
  }
  Bench& bench_of(const std::string& name) { return name == "fast/0" ? fast : slow; }
  void answer(const std::vector<runtime::WatermarkGroup::Answer>& answers) {
    for (const auto& [to, least] : answers) {
      Bench& bench = to == plan_.find("fast/0") ? fast : slow;
      ++answers_sent;
      note(bench.turn([at = least](runtime::Subtask& subtask) { subtask.on_group_time(at); }));
    }
  }
  void note(const Trace& trace) {
    for (const std::string& line : trace) {
      if (line.ends_with(", idle")) ++idle_marks;
    }
  }

  Feeds feeds_ = std::make_shared<std::map<std::string, Feed>>();
  Job job_;
  runtime::Plan plan_;
  runtime::WatermarkGroups groups_;
  std::map<std::string, std::size_t> told_;

public:
  Bench fast;
  Bench slow;
  int widest = 0;  // by how many milliseconds "fast" has been ahead
  int idle_marks = 0;
  int answers_sent = 0;
  bool loses_messages = false;
};

}  // namespace weir::test
