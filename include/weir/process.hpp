// Process functions: operators written as classes, with state as members.
#pragma once

#include <weir/emit.hpp>
#include <weir/operator_state.hpp>
#include <weir/state.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

namespace weir {

/// Where an operator instance runs.
struct OperatorInfo {
  std::string_view job;
  std::string_view name;
  std::uint32_t subtask = 0;  ///< from 0 to parallelism - 1
  std::uint32_t parallelism = 1;
  std::uint32_t attempt = 1;  ///< 1 for the first execution, one more after each restart
};

/// What a keyed process function may ask while it handles a record.
template <class K>
class Context {
public:
  Context(const K& key, const OperatorInfo& info) : key_{key}, info_{info} {}

  const K& key() const { return key_; }
  const OperatorInfo& info() const { return info_; }

private:
  const K& key_;
  const OperatorInfo& info_;
};

/// An operator on a keyed stream. One object serves all keys of a subtask, one record at a time.
/// It is built on each subtask, and once more when the job is checked; it is never copied.
/// Exceptions thrown by its functions fail the subtask; the job's restart strategy then decides.
template <class K, class In, class Out>
class KeyedProcess : public StateOwner {
  static_assert(detail::RecordCheck<K>::ok);
  static_assert(detail::RecordCheck<In>::ok);
  static_assert(detail::RecordCheck<Out>::ok);
  static_assert(std::equality_comparable<K>, "KeyedProcess<K, In, Out>: K needs ==");

public:
  using key_type = K;
  using in_type = In;
  using out_type = Out;
  using Ctx = Context<K>;

  virtual ~KeyedProcess() = default;

  /// Handles one record. State handles show the state of `ctx.key()`.
  virtual void on_record(const In& record, Ctx& ctx, Emit<Out>& out) = 0;
};

/// An operator on a stream without keys. Its members may be operator state, which survives
/// restarts; see weir/operator_state.hpp. It is built on each subtask, and once more when the job
/// is checked. Exceptions thrown by its functions fail the subtask.
template <class In, class Out>
class Process : public StateOwner {
  static_assert(detail::RecordCheck<In>::ok);
  static_assert(detail::RecordCheck<Out>::ok);

public:
  using in_type = In;
  using out_type = Out;

  virtual ~Process() = default;

  /// Handles one record.
  virtual void on_record(const In& record, const OperatorInfo& info, Emit<Out>& out) = 0;

  /// Called once before the first record if the subtask restored any operator state of a
  /// checkpoint.
  virtual void on_restore(const OperatorInfo&) {}

  /// Called once after the last record of a bounded input; may emit what was held back.
  virtual void on_end(Emit<Out>&) {}
};

}  // namespace weir
