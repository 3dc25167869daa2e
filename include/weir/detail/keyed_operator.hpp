// Operators that call a user function with the state of the key of each record.
#pragma once

#include <weir/detail/operator.hpp>
#include <weir/detail/outputs.hpp>
#include <weir/hash.hpp>
#include <weir/process.hpp>

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

inline constexpr std::size_t kExpireRows = 2;       // looked at per record: more than can be new
inline constexpr std::size_t kPrefetchAhead = 8;    // records; hides one miss behind eight lookups
inline constexpr std::uint64_t kFinishBatches = 4;  // batches that one call of finish() may emit

/// Fills in the key hashes of a batch that came without them (over the network).
template <class In, class KeyOf>
void ensure_hashes(Batch<In>& batch, const KeyOf& key_of) {
  if (batch.hashes.size() == batch.records.size()) return;
  batch.hashes.clear();
  for (const In& record : batch.records)
    batch.hashes.push_back(hash_of(std::invoke(key_of, record)));
}

/// What such operators have in common, whatever their inputs are. Body is the user function: it
/// declares states like a StateOwner and has `bind(state, init)`.
template <Key K, class Out, class Body>
class KeyedOperatorBase : public Operator {
public:
  using key_type = K;

  template <class... Args>
  explicit KeyedOperatorBase(const OperatorInit& init, const Args&... args)
      : info_{init.info},
        body_{args...},
        state_{init.key_groups, init.max_parallelism, body_.declared_states(),
               init.open_store(body_.declared_states())},
        clock_{init.clock} {
    body_.bind(state_, init);
  }

  void connect(BatchConsumer* next) override { out_.connect(next); }

  std::vector<SideOutputHandle*> side_outputs() override { return body_.side_outputs(); }
  void connect_side(SideOutputHandle& side, BatchConsumer* next) override {
    out_.connect_side(side, next);
  }

  KeyedState* keyed_state() override { return &state_; }
  std::vector<MetricHandle*> metrics() override { return body_.metrics(); }
  std::vector<OperatorState*> operator_states() override { return body_.operator_states(); }

  bool advance_event_time(Timestamp to) override {
    if constexpr (requires { body_.timers(); }) body_.timers().advance_event_time(to);
    return true;
  }

protected:
  /// Calls `handle(record, key)` for the records of a batch from `begin` to `end`, each in the
  /// state of its key.
  template <class In, class KeyOf, class Handle>
  void for_each_record(BatchBody& body, std::size_t begin, std::size_t end, const KeyOf& key_of,
                       Handle&& handle) {
    auto& batch = static_cast<Batch<In>&>(body);
    const auto key_in = [&](std::size_t i) -> decltype(auto) {
      return std::invoke(key_of, batch.records[i]);
    };
    ensure_hashes(batch, key_of);
    if (state_.expires()) drop_expired(end - begin);
    if (state_.backed() != nullptr) state_.load_ahead(batch.hashes, begin, end, key_in);
    for (std::size_t i = begin; i < end; ++i) {
      if (i + kPrefetchAhead < end) state_.table().prefetch(batch.hashes[i + kPrefetchAhead]);
      const K& key = key_in(i);
      out_.main.set_time(batch.time_of(i));
      state_.enter(batch.hashes[i], key);
      handle(batch.records[i], key);
      state_.leave();
    }
    out_.flush();
  }

  void drop_expired(std::size_t records) {
    if (clock_ != nullptr) state_.set_time(clock_->wall());
    state_.expire(kExpireRows * records);
  }

  OperatorInfo info_;
  Body body_;
  KeyedStateOf<K> state_;
  Outputs<Out> out_;

private:
  const Clock* clock_;
};

/// Runs a function of one input: Body also has `handle(record, key, info, emit)`.
template <Key K, class In, class Out, class KeyOf, class Body>
class KeyedOperator : public KeyedOperatorBase<K, Out, Body> {
public:
  template <class... Args>
  KeyedOperator(const OperatorInit& init, KeyOf key_of, const Args&... args)
      : KeyedOperatorBase<K, Out, Body>{init, args...}, key_of_{std::move(key_of)} {}

  void process(BatchBody& batch, std::size_t begin, std::size_t end) override {
    this->template for_each_record<In>(
        batch, begin, end, key_of_, [this](const In& record, const K& key) {
          this->body_.handle(record, key, this->info_, this->out_.main);
        });
  }

private:
  KeyOf key_of_;
};

/// Whether P overrides `on_timer`. An override that cannot be reached from here counts as one: the
/// compiler then says what is wrong with it.
template <class P>
constexpr bool has_timers() {
  using Base = KeyedFunction<typename P::key_type, typename P::out_type>;
  if constexpr (requires { &P::on_timer; })
    return !std::is_same_v<decltype(&P::on_timer), decltype(&Base::on_timer)>;
  else
    return true;
}

/// The body of an operator that is a process function on one or two keyed streams.
template <class P>
class ProcessBody {
  using K = typename P::key_type;
  using Out = typename P::out_type;

public:
  template <class... Args>
  explicit ProcessBody(const Args&... args)
      : process_{args...}, timers_{process_, has_timers<P>()} {}

  std::vector<StateSpec> declared_states() const { return process_.declared_states(); }
  const std::vector<OperatorState*>& operator_states() const { return process_.operator_states(); }
  const std::vector<SideOutputHandle*>& side_outputs() const { return process_.side_outputs(); }
  const std::vector<MetricHandle*>& metrics() const { return process_.metrics(); }
  void bind(KeyedStateOf<K>& state, const OperatorInit& init) {
    process_.bind_states(state);
    timers_.bind(state, init.clock);
  }

  template <class Record>
  void handle(const Record& record, const K& key, const OperatorInfo& info, Emit<Out>& out) {
    Context<K> context{key, info, timers_, nullptr, out.time()};
    process_.on_record(record, context, out);
  }
  template <class Record>
  void handle_first(const Record& record, const K& key, const OperatorInfo& info, Emit<Out>& out) {
    Context<K> context{key, info, timers_, nullptr, out.time()};
    process_.on_first(record, context, out);
  }
  template <class Record>
  void handle_second(const Record& record, const K& key, const OperatorInfo& info, Emit<Out>& out) {
    Context<K> context{key, info, timers_, nullptr, out.time()};
    process_.on_second(record, context, out);
  }
  template <class Record>
  void handle_broadcast(const Record& record, const OperatorInfo& info, KeyedStateOf<K>& state,
                        Emit<Out>& out) {
    typename P::BroadcastCtx context{info, out.time(), timers_.event_time(),
                                     timers_.processing_time(), state};
    process_.on_broadcast(record, context, out);
  }
  void on_timer(Timestamp at, TimeDomain domain, const K& key, const OperatorInfo& info,
                Emit<Out>& out) {
    Context<K> context{key, info, timers_, &domain, out.time()};
    process_.on_timer(at, context, out);
  }

  TimerService<K>& timers() { return timers_; }
  const TimerService<K>& timers() const { return timers_; }

private:
  P process_;
  TimerService<K> timers_;  // declares its states behind those of the process
};

/// The body of a KeyedOperator that is a lambda with declared states.
template <class In, class Out, class F, class... States>
class LambdaBody final : public StateOwner {
public:
  template <class... D>
  explicit LambdaBody(F f, const D&... declared)
      : f_{std::move(f)}, states_{make_state(*this, declared)...} {}

  void bind(KeyedState& state, const OperatorInit&) { bind_states(state); }

  template <class K>
  void handle(const In& record, const K&, const OperatorInfo&, Emit<Out>& out) {
    std::apply([&](auto&... state) { f_(record, *state..., out); }, states_);
  }

private:
  F f_;
  std::tuple<std::unique_ptr<States>...> states_;
};

}  // namespace weir::detail
