// SavepointBoard: where threads wait for the savepoints that they have asked a job for.
#pragma once

#include "actors/messages.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace weir::actors {

/// See the file comment.
class SavepointBoard {
public:
  /// Returns the ticket of a new request.
  std::string begin();

  void on_answer(const SavepointAnswer& answer);
  /// The job has ended: whoever has no answer gets none from it.
  void on_end();

  /// Returns the answer if there is one yet.
  std::optional<Result<std::string>> answer(const std::string& ticket) const;
  /// Waits for the answer.
  Result<std::string> wait(const std::string& ticket) const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t asked_ = 0;                                  // guarded by mutex_
  bool has_ended_ = false;                                   // likewise
  std::map<std::string, Result<std::string>> answers_ = {};  // likewise
};

}  // namespace weir::actors
