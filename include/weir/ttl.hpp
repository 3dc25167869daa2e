// Ttl: state that goes by itself.
#pragma once

#include <weir/time.hpp>

#include <cstdint>

namespace weir {

/// How long a value of a state lives, by the clock of the machine it is on. Each element of a list
/// and each entry of a map has a life of its own. A state's Ttl may be changed between two runs of
/// a job, but a state cannot get one, or lose it, and keep what it holds.
struct Ttl {
  enum class Update : std::uint8_t {
    on_create_and_write,  ///< a life begins when the value is written
    on_read_and_write,    ///< and again whenever it is read
  };
  enum class Visibility : std::uint8_t {
    never_return_expired,              ///< what has expired is gone
    return_expired_if_not_cleaned_up,  ///< it may be returned once more
  };

  Duration after;  ///< above 0; counted in milliseconds
  Update update = Update::on_create_and_write;
  Visibility visibility = Visibility::never_return_expired;
};

/// A life that begins with each write.
inline Ttl ttl(Duration after) {
  return {.after = after};
}

}  // namespace weir
