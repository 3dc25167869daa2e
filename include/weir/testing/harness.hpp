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
// An operator with two inputs is put behind two streams, and takes records of both:
//
//   auto joined = testing::harness<Order, Payment>(
//       [](const weir::Stream<Order>& orders, const weir::Stream<Payment>& payments) { ... });
//   joined.push_first({.customer = 7}, at(10s));
//   joined.push_second({.customer = 7}, at(11s));
//
// It runs the same code as a job does: keys are routed to subtasks, state lies in the backend that
// is asked for, and snapshots are written and read as in checkpoints. Link weir::testing.
#pragma once

#include <weir/job.hpp>
#include <weir/testing/operator_bench.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
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

/// What all harnesses have in common. Out is what the operator makes. What user code throws comes
/// out of the function that made it run; the harness must not be used any more. One thread at a
/// time.
template <class Out>
class HarnessBase {
public:
  /// Nothing at or before `time` is expected any more, by any input: fires event timers and
  /// windows.
  void watermark(Timestamp time) { bench_->advance_event_time(time); }
  /// The wall clock shows `time`, which may be earlier than before: fires processing timers. It
  /// begins at 1970-01-01T00:00:00Z.
  void processing_time(Timestamp time) { bench_->set_clock(time); }
  /// All input ends: all event timers fire, and what is due at the end is emitted.
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

  /// Returns what a metric of the operator says, of a histogram the sum of all values; the sum over
  /// all subtasks. Throws std::invalid_argument if it has none of that name.
  double metric(std::string_view name) { return bench_->metric(name); }

  /// Returns the operator's state as it is now; it stays valid without the harness. Throws
  /// std::runtime_error if it cannot be written.
  OperatorSnapshot snapshot() { return bench_->snapshot(); }
  /// Makes the state what a snapshot of the same operator says, whatever parallelism and backend
  /// that had. Throws std::logic_error unless it comes first, std::runtime_error if it cannot be.
  void restore(const OperatorSnapshot& snapshot) { bench_->restore(snapshot); }

protected:
  HarnessBase(const Job& job, HarnessOptions options) : bench_{OperatorBench::make(job, options)} {}

  template <class T>
  void push_to(std::size_t stream, T record, std::optional<Timestamp> time) {
    auto* batch = new detail::Batch<T>;
    batch->records.push_back(std::move(record));
    batch->stamp(time.value_or(detail::kNoTime));
    bench_->push(stream, detail::BatchRef{batch});
  }

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

/// See the file comment. In is what the operator takes.
template <class In, class Out>
class Harness : public HarnessBase<Out> {
public:
  /// Made by `harness`.
  Harness(const Job& job, HarnessOptions options) : HarnessBase<Out>{job, options} {}

  /// Hands a record to the operator.
  void push(In record, std::optional<Timestamp> time = {}) {
    this->push_to(0, std::move(record), time);
  }
};

/// The harness of an operator with two inputs, of connected streams.
template <class First, class Second, class Out>
class TwoInputHarness : public HarnessBase<Out> {
public:
  /// Made by `harness`.
  TwoInputHarness(const Job& job, HarnessOptions options) : HarnessBase<Out>{job, options} {}

  /// Hands a record of the first stream to the operator.
  void push_first(First record, std::optional<Timestamp> time = {}) {
    this->push_to(0, std::move(record), time);
  }
  /// The same of the second one.
  void push_second(Second record, std::optional<Timestamp> time = {}) {
    this->push_to(1, std::move(record), time);
  }

  /// Nothing at or before `time` is expected any more on the first stream. Event time is the lesser
  /// of what was said of both, so one of them alone moves nothing.
  void watermark_first(Timestamp time) { advance(first_, time); }
  /// The same of the second one.
  void watermark_second(Timestamp time) { advance(second_, time); }

private:
  void advance(Timestamp& of_input, Timestamp time) {
    of_input = time;
    this->watermark(std::min(first_, second_));
  }

  Timestamp first_ = Timestamp::min();
  Timestamp second_ = Timestamp::min();
};

/// For `harness`: a stream that never has a record: records are pushed past it.
template <class T>
Stream<T> silent_stream(Job& job, std::string_view name) {
  const auto none = [](const Split&, std::optional<int>) {
    return std::unique_ptr<SplitReader<T, int>>{};
  };
  return job.source(name, make_source([] { return std::vector<Split>{}; }, none));
}

/// Makes a harness for the operator that `build(stream)` puts behind a stream of In; it returns
/// the stream that the operator makes. Throws std::invalid_argument if that is not exactly one
/// operator, or if anything is wrong with it.
template <class In, class Build>
requires std::invocable < const Build&, const Stream<In>
& > auto harness(const Build& build, HarnessOptions options = {}) {
  using Result = std::invoke_result_t<const Build&, const Stream<In>&>;
  Job job{"harness"};
  static_cast<void>(build(silent_stream<In>(job, "input")));
  return Harness<In, typename Result::record_type>{job, options};
}

/// The same for an operator with two inputs, which `build(first, second)` puts behind two streams.
template <class First, class Second, class Build>
requires std::invocable < const Build&, const Stream<First>
&, const Stream<Second>& > auto harness(const Build& build, HarnessOptions options = {}) {
  using Result = std::invoke_result_t<const Build&, const Stream<First>&, const Stream<Second>&>;
  Job job{"harness"};
  const Stream<First> first = silent_stream<First>(job, "first");
  const Stream<Second> second = silent_stream<Second>(job, "second");
  static_cast<void>(build(first, second));
  return TwoInputHarness<First, Second, typename Result::record_type>{job, options};
}

}  // namespace weir::testing
