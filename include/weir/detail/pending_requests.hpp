// PendingRequests: an operator that asks others about its records, as the engine drives it.
#pragma once

#include <weir/detail/watermark.hpp>
#include <weir/time.hpp>

#include <cstddef>
#include <functional>
#include <optional>

namespace weir::detail {

/// See the file comment. It is the first of its chain: only there what it takes in can be limited.
/// User functions inside may throw.
class PendingRequests {
public:
  /// Says how to wake the subtask when an answer has come; once, before `Operator::start`. `wake`
  /// may be called from any thread, whatever has become of the subtask.
  virtual void wake_by(std::function<void()> wake) = 0;

  /// How many records may be processed now.
  virtual std::size_t room() const = 0;

  /// A watermark has come. It passes behind all records that came before it.
  virtual void hold(const Watermark& watermark) = 0;
  /// The last one that has passed.
  virtual const Watermark& passed() const = 0;

  /// Passes on what has been answered and has its turn, up to a watermark, which then has passed, a
  /// few batches a call; asks again where it is time to. Returns whether there may be more at once.
  /// `now` is monotonic.
  virtual bool pass_answers(Duration now) = 0;
  /// When it is to be called though nobody has answered; monotonic.
  virtual std::optional<Duration> due() const = 0;

protected:
  ~PendingRequests() = default;
};

}  // namespace weir::detail
