// Emit<T>: what user functions call to pass records on.
#pragma once

#include <weir/detail/batch.hpp>

#include <utility>

namespace weir {

/// Collects the records that a user function produces and passes them on batch by batch. They have
/// the time of the record, or of the event timer, that the function handles. Valid only during the
/// call that received it.
template <class T>
class Emit {
  static_assert(detail::RecordCheck<T>::ok);

public:
  /// Makes an emitter that passes batches to `next`, which must outlive it.
  explicit Emit(detail::BatchConsumer* next = nullptr) : next_{next} {
    batch_.records.reserve(detail::batch_limit<T>());
  }
  Emit(const Emit&) = delete;
  Emit& operator=(const Emit&) = delete;

  /// Passes a record on.
  void operator()(const T& record) { emplace(record); }
  void operator()(T&& record) { emplace(std::move(record)); }

  /// Passes on a record that is built in place from the arguments of a constructor of T.
  template <class... Args>
  void emplace(Args&&... args) {
    if constexpr (std::is_aggregate_v<T>)
      batch_.records.push_back(T{std::forward<Args>(args)...});
    else
      batch_.records.emplace_back(std::forward<Args>(args)...);
    batch_.stamp(time_);
    if constexpr (!std::is_trivially_copyable_v<T>)
      owned_bytes_ += detail::owned_bytes(batch_.records.back());
    if (batch_.records.size() >= detail::batch_limit<T>() || owned_bytes_ >= detail::kBatchBytes)
      flush();
  }

  /// For the engine: says where records go.
  void connect(detail::BatchConsumer* next) { next_ = next; }

  /// For the engine: the time of what is emitted from now on, or kNoTime.
  void set_time(Timestamp time) { time_ = time; }
  const Timestamp& time() const { return time_; }

  /// For the engine: passes on what has been collected.
  void flush() {
    if (batch_.records.empty()) return;
    owned_bytes_ = 0;
    ++flushes_;
    passed_on_ += batch_.records.size();
    next_->consume(batch_);
    batch_.clear();
  }

  /// For the engine: how often a batch has been passed on.
  std::uint64_t flushes() const { return flushes_; }
  /// For the engine: how many records have been emitted.
  std::uint64_t emitted() const { return passed_on_ + batch_.records.size(); }

private:
  detail::Batch<T> batch_;
  std::size_t owned_bytes_ = 0;
  std::uint64_t flushes_ = 0;
  std::uint64_t passed_on_ = 0;  // records in all flushed batches
  Timestamp time_ = detail::kNoTime;
  detail::BatchConsumer* next_;
};

}  // namespace weir
