#include "checkpoint/savepoint_table.hpp"

#include "base/assert.hpp"

#include <utility>

namespace weir::checkpoint {

const Savepoint& SavepointTable::begin(CheckpointId id) {
  WEIR_ASSERT(!waiting_.empty(), "nobody has asked for a savepoint");
  SavepointRequest request = std::move(waiting_.front());
  waiting_.pop_front();
  Savepoint savepoint{.ticket = std::move(request.ticket),
                      .directory = request.place + "-" + std::to_string(id.value()),
                      .kind = request.kind,
                      .format = request.format};
  return begun_.emplace(id, std::move(savepoint)).first->second;
}

std::vector<std::string> SavepointTable::give_up_waiting() {
  std::vector<std::string> tickets;
  for (SavepointRequest& request : waiting_) tickets.push_back(std::move(request.ticket));
  waiting_.clear();
  return tickets;
}

const Savepoint* SavepointTable::find(CheckpointId id) const {
  const auto at = begun_.find(id);
  return at == begun_.end() ? nullptr : &at->second;
}

}  // namespace weir::checkpoint
