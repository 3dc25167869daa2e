// Roster: which actor has which name on this node, so that chaos can find its victims.
#pragma once

#include <caf/actor_control_block.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace weir::actors {

/// Names of living actors: "counts/1", "coordinator", "node". May be used from any thread.
class Roster {
public:
  /// A newer actor of the same name takes the place of the older one.
  void add(const std::string& name, caf::strong_actor_ptr actor);

  /// Ends an actor at once, ahead of everything in its mailbox and without a word, as a crash
  /// would; "node" takes everything on it along. Returns whether there was one.
  bool kill(const std::string& name);

  /// Returns the newest actor of that name, or null.
  caf::strong_actor_ptr find(const std::string& name) const;

  /// Names of actors that have been added.
  std::vector<std::string> names() const;

  /// Ends all actors, those too that are added from now on, and forgets them; must be called before
  /// the actor system ends.
  void close();

private:
  mutable std::mutex mutex_;
  std::map<std::string, caf::strong_actor_ptr> actors_;  // guarded by mutex_
  bool is_closed_ = false;                               // likewise
};

/// Ends one actor at once.
void kill_actor(const caf::strong_actor_ptr& actor);

}  // namespace weir::actors
