// The operators that streams are made of. Those that call user functions with keyed state are in
// keyed_operator.hpp, those with two inputs in two_input_operators.hpp.
#pragma once

#include <weir/detail/keyed_operator.hpp>
#include <weir/detail/operator.hpp>
#include <weir/detail/outputs.hpp>
#include <weir/process.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// Calls `step(record, emit)` for each record: map, filter and flat_map.
template <class In, class Out, class Step>
class EachRecord final : public Operator {
public:
  explicit EachRecord(Step step) : step_{std::move(step)} {}

  void connect(BatchConsumer* next) override { emit_.connect(next); }

  void process(BatchBody& body, std::size_t begin, std::size_t end) override {
    auto& batch = static_cast<Batch<In>&>(body);
    for (std::size_t i = begin; i < end; ++i) {
      emit_.set_time(batch.time_of(i));
      step_(batch.records[i], emit_);
    }
    emit_.flush();
  }

private:
  Step step_;
  Emit<Out> emit_;
};

/// What operators that run a process function without keys have in common.
template <class P>
class ProcessOperatorBase : public Operator {
public:
  template <class... Args>
  explicit ProcessOperatorBase(const OperatorInit& init, const Args&... args)
      : info_{init.info}, process_{args...} {}

  void connect(BatchConsumer* next) override { out_.connect(next); }

  void start() override {
    if (is_restored(process_.operator_states())) process_.on_restore(info_);
  }

  bool advance_event_time(Timestamp to) override {
    out_.main.set_time(to == Timestamp::max() ? kNoTime : to);
    process_.on_watermark(to, info_, out_.main);
    out_.flush();
    return true;
  }

  bool finish() override {
    out_.main.set_time(kNoTime);
    process_.on_end(out_.main);
    out_.flush();
    return true;
  }

  std::vector<SideOutputHandle*> side_outputs() override { return process_.side_outputs(); }
  void connect_side(SideOutputHandle& side, BatchConsumer* next) override {
    out_.connect_side(side, next);
  }

  std::vector<OperatorState*> operator_states() override { return process_.operator_states(); }
  std::vector<MetricHandle*> metrics() override { return process_.metrics(); }

protected:
  /// Calls `handle(record)` for the records of a batch from `begin` to `end`.
  template <class In, class Handle>
  void for_each_record(BatchBody& body, std::size_t begin, std::size_t end, Handle&& handle) {
    auto& batch = static_cast<Batch<In>&>(body);
    for (std::size_t i = begin; i < end; ++i) {
      out_.main.set_time(batch.time_of(i));
      handle(batch.records[i]);
    }
    out_.flush();
  }

  OperatorInfo info_;
  P process_;
  Outputs<typename P::out_type> out_;
};

/// Runs a Process function.
template <class P>
class ProcessOperator final : public ProcessOperatorBase<P> {
  using In = typename P::in_type;

public:
  using ProcessOperatorBase<P>::ProcessOperatorBase;

  void process(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<In>(batch, begin, end, [this](const In& record) {
      this->process_.on_record(record, this->info_, this->out_.main);
    });
  }
};

/// Keeps one accumulator per key. Rules says how it begins, grows and is emitted:
/// `begin(record)` makes the accumulator of a key's first record, `add(accumulator, record)` adds a
/// later one, `emit(key, accumulator, out)` passes the result on.
template <Key K, class In, class Accumulator, class Out, class KeyOf, class Rules>
class RollingAggregate final : public Operator {
public:
  /// `at_end` says whether results leave once at the end of the input, or after each record.
  RollingAggregate(const OperatorInit& init, KeyOf key_of, Rules rules, bool at_end)
      : key_of_{std::move(key_of)},
        rules_{std::move(rules)},
        at_end_{at_end},
        state_{init.key_groups, init.max_parallelism, specs(), init.open_store(specs())},
        offset_{state_.table().layout().columns[0].offset} {}

  /// What the operator stores: one accumulator per key.
  static std::vector<StateSpec> specs() {
    return {{"accumulator", StateKind::aggregating, &type_of<Accumulator>(),
             &backed_value<Accumulator>()}};
  }

  void connect(BatchConsumer* next) override { emit_.connect(next); }

  void process(BatchBody& body, std::size_t begin, std::size_t end) override {
    auto& batch = static_cast<Batch<In>&>(body);
    ensure_hashes(batch, key_of_);
    if (state_.backed() != nullptr) return process_backed(batch, begin, end);
    RowTable& table = state_.table();
    for (std::size_t i = begin; i < end; ++i) {
      if (i + kPrefetchAhead < end) table.prefetch(batch.hashes[i + kPrefetchAhead]);
      const K& key = std::invoke(key_of_, batch.records[i]);
      emit_.set_time(batch.time_of(i));
      char* row = table.find_writable(batch.hashes[i], key);
      if (row != nullptr) {
        rules_.add(*accumulator_in(row), batch.records[i]);
      } else {
        Accumulator first = rules_.begin(batch.records[i]);
        row = table.upsert(batch.hashes[i], key).first;
        ::new (static_cast<void*>(accumulator_in(row))) Accumulator(std::move(first));
      }
      if (!at_end_) rules_.emit(key, *accumulator_in(row), emit_);
    }
    emit_.flush();
  }

  bool finish() override {
    if (!at_end_) return true;
    emit_.set_time(kNoTime);
    const RowTable& table = state_.table();
    const std::uint64_t limit = emit_.flushes() + kFinishBatches;
    if (state_.backed() != nullptr && !emit_stored(limit)) return false;
    while (finished_groups_ < table.range().size()) {
      if (emit_.flushes() >= limit) return false;
      finish_cursor_ = table.visit_page(
          table.range().begin + finished_groups_, finish_cursor_, [&](const char* row) {
            if (!table.layout().has(row, 0)) return;
            rules_.emit(*reinterpret_cast<const K*>(row), *accumulator_in(const_cast<char*>(row)),
                        emit_);
          });
      if (finish_cursor_ == 0) ++finished_groups_;
    }
    emit_.flush();
    state_.drop();  // all is said; the last checkpoint need not carry it
    return true;
  }

  KeyedState* keyed_state() override { return &state_; }

private:
  void process_backed(Batch<In>& batch, std::size_t begin, std::size_t end) {
    state_.load_ahead(batch.hashes, begin, end, [&](std::size_t i) -> decltype(auto) {
      return std::invoke(key_of_, batch.records[i]);
    });
    for (std::size_t i = begin; i < end; ++i) {
      const K& key = std::invoke(key_of_, batch.records[i]);
      emit_.set_time(batch.time_of(i));
      state_.enter(batch.hashes[i], key);
      auto* accumulator = static_cast<Accumulator*>(state_.edit(0));
      if (accumulator != nullptr) {
        rules_.add(*accumulator, batch.records[i]);
      } else {
        Accumulator first = rules_.begin(batch.records[i]);
        accumulator = ::new (state_.claim(0).first) Accumulator(std::move(first));
      }
      if (!at_end_) rules_.emit(key, *accumulator, emit_);
      state_.leave();
    }
    emit_.flush();
  }

  /// Emits what is in the store and not in memory; returns whether that is all.
  bool emit_stored(std::uint64_t limit) {
    if (stored_ == nullptr) stored_ = state_.backed()->store().cursor(0, {});
    for (; stored_->is_valid(); stored_->next()) {
      if (emit_.flushes() >= limit) return false;
      ByteReader in_key{stored_->key().substr(kStoreGroupBytes)};
      ByteReader in{stored_->value()};
      const K key = weir::decode<K>(in_key);
      if (state_.table().find(hash_of(key), key) == nullptr)
        rules_.emit(key, weir::decode<Accumulator>(in), emit_);
    }
    return true;
  }

  Accumulator* accumulator_in(char* row) const {
    return reinterpret_cast<Accumulator*>(row + offset_);
  }

  KeyOf key_of_;
  Rules rules_;
  bool at_end_;
  KeyedStateOf<K> state_;
  std::size_t offset_;  // of the accumulator in a row
  Emit<Out> emit_;
  std::uint32_t finished_groups_ = 0;  // how far finish() has come
  std::size_t finish_cursor_ = 0;
  std::unique_ptr<StoreCursor> stored_;  // likewise
};

template <class K, class In>
struct CountRules {
  std::int64_t begin(const In&) const { return 1; }
  void add(std::int64_t& count, const In&) const { ++count; }
  void emit(const K& key, std::int64_t count, Emit<std::pair<K, std::int64_t>>& out) const {
    out.emplace(key, count);
  }
};

template <class K, class T, class F>
struct ReduceRules {
  F reduce;
  T begin(const T& record) const { return record; }
  void add(T& sum, const T& record) const { sum = std::invoke(reduce, sum, record); }
  void emit(const K&, const T& sum, Emit<T>& out) const { out(sum); }
};

template <class K, class In, class Accumulator, class Out, class Add, class Finish>
struct AggregateRules {
  Accumulator initial;
  Add add_record;
  Finish finish;

  Accumulator begin(const In& record) const {
    Accumulator accumulator = initial;
    std::invoke(add_record, accumulator, record);
    return accumulator;
  }
  void add(Accumulator& accumulator, const In& record) const {
    std::invoke(add_record, accumulator, record);
  }
  void emit(const K& key, const Accumulator& accumulator, Emit<Out>& out) const {
    out(std::invoke(finish, key, accumulator));
  }
};

}  // namespace weir::detail
