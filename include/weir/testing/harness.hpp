// Harness: one operator alone, without a job, threads or files; for tests of what it does.
//
//   auto visits = testing::harness<Click>([](const weir::Stream<Click>& clicks) {
//     return clicks.key_by(&Click::visitor).process<Visits>("visits");
//   });
//   visits.push({.visitor = 7, .page = "/"}, at(10s));
//   visits.watermark(at(1h));
//   CHECK(visits.drain() == std::vector<Visit>{{7, 1}});
//
// An async operator is handed all records, whatever its capacity; what it has been answered comes
// out of the next function that is called.
//
// It runs the same code as a job does: keys are routed to subtasks, state lies in the backend that
// is asked for, and snapshots are written and read as in checkpoints. Link weir::testing.
#pragma once

#include <weir/job.hpp>
#include <weir/testing/operator_bench.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::testing {

/// A record and its time, if it has one.
template <class T>
struct Timed {
  T record;
  std::optional<Timestamp> time = {};

  friend bool operator==(const Timed&, const Timed&) = default;
};

/// See the file comment. In and Out are the records that the operator takes and makes. What user
/// code throws comes out of the function that made it run; the harness must not be used any more.
/// One thread at a time.
template <class In, class Out>
class Harness {
public:
  /// Made by `harness`.
  Harness(const Job& job, HarnessOptions options) : bench_{OperatorBench::make(job, options)} {}

  /// Hands a record to the operator.
  void push(In record, std::optional<Timestamp> time = {}) {
    auto* batch = new detail::Batch<In>;
    batch->records.push_back(std::move(record));
    batch->stamp(time.value_or(detail::kNoTime));
    bench_->push(detail::BatchRef{batch});
  }
  /// Nothing at or before `time` is expected any more: fires event timers and windows.
  void watermark(Timestamp time) { bench_->advance_event_time(time); }
  /// The wall clock shows `time`, which may be earlier than before: fires processing timers. It
  /// begins at 1970-01-01T00:00:00Z.
  void processing_time(Timestamp time) { bench_->set_clock(time); }
  /// The input ends: all event timers fire, and what is due at the end is emitted.
  void end() { bench_->end(); }

  /// Returns what the operator has emitted since the last call, subtask by subtask if there are
  /// several and one function made several emit.
  std::vector<Out> drain() { return records_of<Out>(bench_->take_output()); }
  /// The same with times.
  std::vector<Timed<Out>> drain_timed() { return timed_records_of<Out>(bench_->take_output()); }
  /// Returns what it has emitted to a side output since the last call. Throws std::invalid_argument
  /// if it has none of that name and type.
  template <class T>
  std::vector<T> side(std::string_view name) {
    return records_of<T>(bench_->take_side_output(name, schema<T>()));
  }

  /// Returns the operator's state as it is now; it stays valid without the harness. Throws
  /// std::runtime_error if it cannot be written.
  OperatorSnapshot snapshot() { return bench_->snapshot(); }
  /// Makes the state what a snapshot of the same operator says, whatever parallelism and backend
  /// that had. Throws std::logic_error unless it comes first, std::runtime_error if it cannot be.
  void restore(const OperatorSnapshot& snapshot) { bench_->restore(snapshot); }

private:
  template <class T>
  static std::vector<Timed<T>> timed_records_of(const std::vector<detail::BatchRef>& batches) {
    std::vector<Timed<T>> records;
    for (const detail::BatchRef& ref : batches) {
      const auto& batch = static_cast<const detail::Batch<T>&>(*ref);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const Timestamp time = batch.time_of(i);
        records.push_back(
            {batch.records[i], time == detail::kNoTime ? std::nullopt : std::optional{time}});
      }
    }
    return records;
  }
  template <class T>
  static std::vector<T> records_of(const std::vector<detail::BatchRef>& batches) {
    std::vector<T> records;
    for (const detail::BatchRef& ref : batches) {
      const auto& batch = static_cast<const detail::Batch<T>&>(*ref);
      records.insert(records.end(), batch.records.begin(), batch.records.end());
    }
    return records;
  }

  std::unique_ptr<OperatorBench> bench_;
};

/// Makes a harness for the operator that `build(stream)` puts behind a stream of In; it returns
/// the stream that the operator makes. Throws std::invalid_argument if that is not exactly one
/// operator, or if anything is wrong with it.
template <class In, class Build>
requires std::invocable < const Build&, const Stream<In>
& > auto harness(const Build& build, HarnessOptions options = {}) {
  using Result = std::invoke_result_t<const Build&, const Stream<In>&>;
  Job job{"harness"};
  const auto none = [](const Split&, std::optional<int>) {
    return std::unique_ptr<SplitReader<In, int>>{};
  };
  static_cast<void>(
      build(job.source("input", make_source([] { return std::vector<Split>{}; }, none))));
  return Harness<In, typename Result::record_type>{job, options};
}

}  // namespace weir::testing
