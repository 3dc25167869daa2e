#include "actors/roster.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <utility>

namespace weir::actors {

void kill_actor(const caf::strong_actor_ptr& actor) {
  if (!actor) return;
  // A plain send_exit would wait behind everything in the mailbox.
  caf::anon_send<caf::message_priority::high>(
      caf::actor_cast<caf::actor>(actor),
      caf::exit_msg{caf::actor_cast<caf::actor_addr>(actor), caf::exit_reason::kill});
}

void Roster::add(const std::string& name, caf::strong_actor_ptr actor) {
  const std::lock_guard lock{mutex_};
  if (is_closed_) return kill_actor(actor);
  actors_[name] = std::move(actor);
}

bool Roster::kill(const std::string& name) {
  const std::lock_guard lock{mutex_};
  if (name == "node") {
    for (const auto& [other, actor] : actors_) {
      if (other != "coordinator") kill_actor(actor);
    }
    return !actors_.empty();
  }
  const auto at = actors_.find(name);
  if (at == actors_.end()) return false;
  kill_actor(at->second);
  return true;
}

caf::strong_actor_ptr Roster::find(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto at = actors_.find(name);
  return at == actors_.end() ? nullptr : at->second;
}

std::vector<std::string> Roster::names() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> names;
  for (const auto& [name, actor] : actors_) names.push_back(name);
  return names;
}

void Roster::close() {
  const std::lock_guard lock{mutex_};
  is_closed_ = true;
  for (const auto& [name, actor] : actors_) kill_actor(actor);
  actors_.clear();
}

}  // namespace weir::actors
