#include <weir/result.hpp>

namespace weir {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::ok: return "ok";
    case ErrorCode::invalid_argument: return "invalid argument";
    case ErrorCode::not_found: return "not found";
    case ErrorCode::already_exists: return "already exists";
    case ErrorCode::permission_denied: return "permission denied";
    case ErrorCode::out_of_space: return "out of space";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::deadline_exceeded: return "deadline exceeded";
    case ErrorCode::failed_precondition: return "failed precondition";
    case ErrorCode::fenced: return "fenced";
    case ErrorCode::unknown_outcome: return "unknown outcome";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::internal: return "internal";
  }
  return "unknown error code";
}

Status Status::with_context(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string{context} + ": " + message_};
}

Status Status::with_cure(std::string_view cure) const {
  if (ok()) return *this;
  return {code_, message_ + "; " + std::string{cure}};
}

}  // namespace weir
