// The records of a leader store as bytes. Format: docs/formats/high-availability.md.
#pragma once

#include "runtime/ha/ha_store.hpp"

namespace weir::runtime {

/// That the leader lives.
struct Heartbeat {
  LeaderEpoch epoch = {};
  std::uint64_t count = 0;    // one more each time
  bool holds_lock = false;    // its process has locked the lock file
  bool has_resigned = false;  // nobody need wait

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

Bytes encode_leader(const Leader& leader);
Bytes encode_heartbeat(const Heartbeat& heartbeat);
Bytes encode_job(std::string_view job);
Bytes encode_result(std::string_view result);

// `corrupt` says what is wrong; `failed_precondition` if another version of Weir wrote it.
Result<Leader> decode_leader(std::string_view bytes);
Result<Heartbeat> decode_heartbeat(std::string_view bytes);
Result<Bytes> decode_job(std::string_view bytes);
Result<Bytes> decode_result(std::string_view bytes);

}  // namespace weir::runtime
