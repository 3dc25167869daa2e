// Status and Result<T>: how the engine reports errors that a caller can handle.
//
// Invariants
//  - A Status is either ok or carries a code and a message; an ok Status never has a message.
//  - A message reads: what was attempted, on what, why it failed, what to do about it.
//  - A Result<T> holds either a T or a Status that is not ok.
// Both are plain values and may be used from any thread, one thread at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

/// Says what kind of error happened, so that a caller can decide what to do.
enum class ErrorCode : std::uint8_t {
  ok = 0,
  invalid_argument,     ///< The request is wrong whatever the state of the system; fix the request.
  not_found,            ///< A named thing does not exist.
  already_exists,       ///< A thing that must be new exists already.
  permission_denied,    ///< The operating system refuses access.
  out_of_space,         ///< A disk or quota is full; try again after making room.
  corrupt,              ///< Stored bytes fail their checksum or cannot be parsed.
  unavailable,          ///< A device or peer failed now; the same call may succeed later.
  deadline_exceeded,    ///< Time ran out before an answer came.
  failed_precondition,  ///< The system is not in the state that the call needs.
  fenced,               ///< A newer attempt or coordinator exists; the caller must stop.
  unknown_outcome,      ///< The effect may or may not have happened; find out before undoing.
  cancelled,            ///< Somebody asked for the work to stop.
  internal,             ///< A user function threw, or the engine broke its own rule.
};

/// Returns the code's name as it is written above, for messages and logs.
std::string_view to_string(ErrorCode code) noexcept;

/// Success, or an error code with a message.
class [[nodiscard]] Status {
public:
  /// Makes an ok status.
  Status() = default;

  /// Makes an error. `code` must not be `ErrorCode::ok`.
  Status(ErrorCode code, std::string message) : code_{code}, message_{std::move(message)} {}

  bool ok() const noexcept { return code_ == ErrorCode::ok; }
  explicit operator bool() const noexcept { return ok(); }
  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }

  /// Returns the same error with `context` and ": " in front of its message; ok stays ok.
  Status with_context(std::string_view context) const;

  /// Returns the same error with "; " and `cure`, what to do about it, behind its message; ok stays
  /// ok.
  Status with_cure(std::string_view cure) const;

  friend bool operator==(const Status&, const Status&) = default;

private:
  ErrorCode code_ = ErrorCode::ok;
  std::string message_;
};

/// A value, or the Status that explains why there is none.
template <class T>
class [[nodiscard]] Result {
public:
  // Implicit, so that functions can return either. NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : data_{std::move(value)} {}

  /// Makes a failed result. `status` must not be ok.
  Result(Status status) : data_{std::move(status)} {
    if (std::get<Status>(data_).ok()) std::abort();
  }
  // NOLINTEND(google-explicit-constructor)

  bool ok() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// Returns the error, or an ok status when there is a value.
  Status status() const { return ok() ? Status{} : std::get<1>(data_); }

  /// Access to the value; may be called only when `ok()`.
  T& value() & { return std::get<0>(data_); }
  const T& value() const& { return std::get<0>(data_); }
  T value() && { return std::get<0>(std::move(data_)); }  // a value: for loops outlive the result
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

private:
  std::variant<T, Status> data_;
};

}  // namespace weir
