// AsyncOperator: runs an AsyncProcess.
//
// What it has taken in and not passed on is its state: the records in order, with their times.
// After a restore they are asked about anew, ahead of all else. No watermark is kept between them:
// what had passed one of them has passed none of these records, so that the first one that comes
// after the restore, behind them all, is early enough.
#pragma once

#include <weir/async.hpp>
#include <weir/detail/operators.hpp>
#include <weir/detail/pending_requests.hpp>
#include <weir/detail/request_queue.hpp>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail {

/// A record that has been taken in and not passed on.
template <class In>
struct PendingRecord {
  In record;
  Timestamp time;  // or kNoTime
};

/// The records of an AsyncOperator as a state: they lie in the operator, and come back here.
template <class In>
class PendingState final : public OperatorState {
public:
  using Records = std::vector<PendingRecord<In>>;

  /// `list` copies those that the operator has.
  PendingState(StateOwner& owner, std::function<Records()> list)
      : OperatorState{owner, spec()}, list_{std::move(list)} {}

  static OperatorStateSpec spec() {
    return {"requests", OperatorStateKind::list, &type_of<PendingRecord<In>>()};
  }

  Records take_restored() { return std::exchange(restored_, {}); }

  std::unique_ptr<FrozenElements> freeze() const override {
    return std::make_unique<Frozen>(list_());
  }
  void restore_element(ByteReader& in, bool keeps) override {
    auto element = weir::decode<PendingRecord<In>>(in);
    if (keeps && in.ok()) restored_.push_back(std::move(element));
  }

private:
  class Frozen final : public FrozenElements {
  public:
    explicit Frozen(Records records) : records_{std::move(records)} {}
    bool encode_next(ByteWriter& out) override {
      if (next_ == records_.size()) return false;
      detail::encode<PendingRecord<In>>(records_[next_++], out);
      return true;
    }
    void rewind() override { next_ = 0; }

  private:
    Records records_;
    std::size_t next_ = 0;
  };

  void clear_elements() override { restored_.clear(); }

  std::function<Records()> list_;
  Records restored_;
};

/// A function that asks, as an AsyncProcess.
template <class In, class Out, class F>
class AsyncFunction final : public AsyncProcess<In, Out> {
public:
  explicit AsyncFunction(const F& f) : f_{f} {}
  void on_record(const In& record, Reply<Out> reply) override { f_(record, std::move(reply)); }

private:
  const F f_;
};

/// See the file comment. P derives from AsyncProcess.
template <class P>
class AsyncOperator final : public Operator, private PendingRequests {
  using In = typename P::in_type;
  using Out = typename P::out_type;

public:
  template <class... Args>
  AsyncOperator(const OperatorInit& init, const AsyncOptions& options, const Args&... args)
      : clock_{init.clock != nullptr ? init.clock : &Clock::system()},
        options_{options},
        process_{args...},
        queue_{options},
        state_{owner_, [this] { return pending(); }} {}
  ~AsyncOperator() override { inbox_->close(); }

  void connect(BatchConsumer* next) override { emit_.connect(next); }

  void start() override {
    for (PendingRecord<In>& record : state_.take_restored()) take_in(std::move(record));
    begin_requests(clock_->monotonic());
  }

  void process(BatchBody& body, std::size_t begin, std::size_t end) override {
    auto& batch = static_cast<Batch<In>&>(body);
    for (std::size_t i = begin; i < end; ++i)
      take_in({std::move(batch.records[i]), batch.time_of(i)});
    begin_requests(clock_->monotonic());
  }

  bool advance_event_time(Timestamp to) override {
    hold({to, false});
    return true;
  }

  std::vector<OperatorState*> operator_states() override { return owner_.operator_states(); }
  PendingRequests* requests() override { return this; }

private:
  class Owner final : public StateOwner {};
  struct Entry {
    PendingRecord<In> pending;
    std::vector<Out> results = {};
    std::string why = {};  // its last attempt has failed; empty: none has
  };

  void wake_by(std::function<void()> wake) override { inbox_->wake_by(std::move(wake)); }
  std::size_t room() const override { return queue_.room(); }

  void hold(const Watermark& watermark) override { queue_.add(watermark); }
  const Watermark& passed() const override { return passed_; }

  bool pass_answers(Duration now) override {
    for (auto& answer : inbox_->take()) judge(answer, now);
    while (const auto late = queue_.next_timed_out(now)) time_out(*late);
    const bool has_more = let_out();
    begin_requests(now);
    return has_more;
  }
  std::optional<Duration> due() const override { return queue_.due(); }

  void take_in(PendingRecord<In> pending) {
    entries_.emplace(queue_.add(), Entry{std::move(pending)});
  }

  void begin_requests(Duration now) {
    while (const auto id = queue_.next_to_begin(now))
      process_.on_record(entries_.at(*id).pending.record,
                         Reply<Out>{std::make_shared<OpenRequest<Out>>(inbox_, *id)});
  }

  void judge(typename Inbox<Out>::Answer& answer, Duration now) {
    if (!queue_.is_under_way(answer.request)) return;
    if (auto* results = std::get_if<std::vector<Out>>(&answer.what)) {
      if (process_.accepts(*results)) return settle(answer.request, std::move(*results));
      return try_again(answer.request, "its answer was refused by AsyncProcess::accepts", now);
    }
    const std::string& why = std::get<std::string>(answer.what);
    if (!process_.may_pass(why)) give_up(answer.request, why);
    try_again(answer.request, why, now);
  }

  void try_again(RequestId id, const std::string& why, Duration now) {
    if (!queue_.retry(id, now)) give_up(id, why);
    entries_.at(id).why = why;
  }

  void time_out(RequestId id) {
    const Entry& entry = entries_.at(id);
    try {
      settle(id, process_.on_timeout(entry.pending.record));
    } catch (const std::exception& error) {
      if (entry.why.empty()) throw;
      throw std::runtime_error{std::string{error.what()} + " (in attempt " +
                               std::to_string(queue_.attempts(id)) + " of " +
                               std::to_string(options_.retry.attempts) +
                               "; an earlier one has failed: " + entry.why + ")"};
    }
  }

  [[noreturn]] void give_up(RequestId id, const std::string& why) const {
    throw std::runtime_error{
        "a request has failed in attempt " + std::to_string(queue_.attempts(id)) + " of " +
        std::to_string(options_.retry.attempts) + ": " + why +
        "; answer with no record where that is no reason to fail, or allow more attempts by "
        "AsyncOptions::retry"};
  }

  void settle(RequestId id, std::vector<Out> results) {
    entries_.at(id).results = std::move(results);
    queue_.settle(id);
  }

  bool let_out() {
    const std::uint64_t flushes_max = emit_.flushes() + kFinishBatches;
    bool has_more = false;
    while (!has_more) {
      const auto next = queue_.next_out();
      if (!next) break;
      if (const auto* watermark = std::get_if<Watermark>(&*next)) {
        passed_ = *watermark;
        has_more = true;
        continue;
      }
      const auto at = entries_.find(std::get<RequestId>(*next));
      emit_.set_time(at->second.pending.time);
      for (Out& result : at->second.results) emit_(std::move(result));
      entries_.erase(at);
      has_more = emit_.flushes() >= flushes_max;
    }
    emit_.flush();
    return has_more;
  }

  typename PendingState<In>::Records pending() const {
    typename PendingState<In>::Records records;
    records.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) records.push_back(entry.pending);
    return records;
  }

  const Clock* clock_;
  AsyncOptions options_;
  P process_;
  RequestQueue queue_;
  Owner owner_;
  PendingState<In> state_;
  std::shared_ptr<Inbox<Out>> inbox_ = std::make_shared<Inbox<Out>>();
  std::map<RequestId, Entry> entries_;
  Watermark passed_;  // the last one that left
  Emit<Out> emit_;
};

}  // namespace weir::detail
