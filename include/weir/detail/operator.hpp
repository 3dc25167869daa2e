// Operator: one instance of an operator on one subtask, as the engine drives it.
#pragma once

#include <weir/clock.hpp>
#include <weir/detail/batch.hpp>
#include <weir/detail/keyed_state.hpp>
#include <weir/detail/metric_handle.hpp>
#include <weir/detail/operator_state.hpp>
#include <weir/detail/pending_requests.hpp>
#include <weir/detail/side_output.hpp>
#include <weir/detail/watermark.hpp>
#include <weir/env.hpp>
#include <weir/process.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail {

/// What an operator instance is built with.
struct OperatorInit {
  OperatorInfo info;
  KeyGroupRange key_groups;  // of this subtask; meaningful for keyed operators
  std::uint32_t max_parallelism = 128;
  StateBackend* backend = nullptr;  // null: state is in memory
  const Clock* clock = nullptr;     // by which state expires; null: none does

  /// Makes the store for an operator's states, if the backend has any.
  StateBackend::Opened open_store(const std::vector<StateSpec>& specs) const {
    if (backend == nullptr || specs.empty()) return {};
    return backend->open(info.name, store_columns(specs));
  }
};

/// The timers of an operator, as the engine drives them. User functions inside may throw.
class OperatorTimers {
public:
  /// Makes them what the restored state says; before the first record. May block and throw
  /// StoreError.
  virtual void restore() = 0;

  /// When the first processing timer fires, if any is set.
  virtual std::optional<Timestamp> next_processing() const = 0;

  /// Processing time has come to `to`: fires the timers it has passed, a few a call; true when no
  /// more of them are left.
  virtual bool advance_processing_time(Timestamp to) = 0;

protected:
  ~OperatorTimers() = default;
};

/// Takes batches of one type, or of two if it has a second input, and passes on batches of another.
/// One thread at a time. User functions inside it may throw.
class Operator : public BatchConsumer {
public:
  /// Says where records go; called once, before the first record.
  virtual void connect(BatchConsumer* next) = 0;

  /// Returns the operator's side outputs.
  virtual std::vector<SideOutputHandle*> side_outputs() { return {}; }
  /// Says where the records of one of them go; called at most once for each, like `connect`.
  virtual void connect_side(SideOutputHandle&, BatchConsumer*) {}

  /// All states are restored; called once, before the first record.
  virtual void start() {}

  /// Handles the records from `begin` to `end` of a batch that nobody else uses, and passes on all
  /// it has to say about them.
  virtual void process(BatchBody& batch, std::size_t begin, std::size_t end) = 0;

  /// The same for a batch that came to its second input. Only for operators that have one.
  virtual void process_second(BatchBody&, std::size_t, std::size_t) { std::terminate(); }

  void consume(BatchBody& batch) final { process(batch, 0, batch.size()); }

  /// Event time, which never goes back, has come to `to`: nothing at or before it is expected any
  /// more. Emits what was waiting for that, a few batches a call; true when all is out.
  virtual bool advance_event_time(Timestamp) { return true; }

  /// Emits what is due at the end of the input, a few batches a call; true when all is out.
  virtual bool finish() { return true; }

  /// Returns the operator's keyed state, or null if it has none.
  virtual KeyedState* keyed_state() { return nullptr; }

  /// Returns the operator's states that belong to no key, in the order of declaration.
  virtual std::vector<OperatorState*> operator_states() { return {}; }

  /// Returns the operator's metrics, in the order of declaration.
  virtual std::vector<MetricHandle*> metrics() { return {}; }

  /// Returns the operator's timers, or null if it has none.
  virtual OperatorTimers* timers() { return nullptr; }

  /// Returns the operator as one where event time begins, or null if it takes that from its input.
  virtual TimeOrigin* time_origin() { return nullptr; }

  /// Returns the operator as one that asks others, or null if it passes on what it makes of records
  /// before it takes in more.
  virtual PendingRequests* requests() { return nullptr; }
};

}  // namespace weir::detail
