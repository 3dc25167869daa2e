// Retry: one write to a storage, from its first attempt to its outcome: which failures are worth
// another attempt, when that is made, and what is known in the end. Pure: time comes in as an
// argument, randomness from a seed. Whoever carries it makes the attempts.
//
// Only what can be repeated as a whole may be carried by it: a file is written anew from its start.
// A sync that has failed must never be repeated alone: the operating system may have given up the
// bytes, and say the next time that all is well.
//
// Invariants
//  - No attempt is made after one whose failure a repetition cannot heal.
//  - No attempt begins later than `timeout` after the first one has failed.
//  - Once the outcome of an attempt is unknown, only a later success makes the whole known: nobody
//    may take a write back that perhaps was made.
#pragma once

#include "base/backoff.hpp"

#include <weir/options.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <optional>

namespace weir::base {

/// Whether a write that failed so may go well a moment later, though nobody has done anything about
/// it. `unavailable`, `deadline_exceeded` and `unknown_outcome` may: a device or a network has
/// failed just now. Others wait for somebody: a disk is full, access is refused, a name is taken or
/// missing, bytes are damaged, a newer coordinator is there.
bool is_transient(ErrorCode code);

/// See the file comment.
class Retry {
public:
  /// `seed` decides the random part of the pauses.
  Retry(const WriteRetryOptions& options, std::uint64_t seed)
      : options_{options}, backoff_{options.initial_backoff, options.max_backoff, seed} {}

  /// An attempt has ended with `status` at `now` (monotonic). Returns how long to wait before the
  /// next one; none: there is none, and `outcome` is what came of it.
  std::optional<Duration> after(const Status& status, Duration now);

  /// Of the last attempt, or `unknown_outcome` if that failed and nobody knows what one before it
  /// has done. An error says how often it was tried, if more than once.
  const Status& outcome() const { return outcome_; }
  /// Attempts behind the first one.
  std::uint64_t retries() const { return retries_; }

private:
  Status sum_up(const Status& last) const;

  WriteRetryOptions options_;
  Backoff backoff_;
  std::optional<Duration> failed_at_;  // the first attempt
  std::optional<Status> unknown_;      // of the first attempt with an unknown outcome
  std::uint64_t retries_ = 0;
  Status outcome_;
};

}  // namespace weir::base
