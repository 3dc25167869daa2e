// LibraryFetch: brings the library of a job into this process.
//
//   has it? ── no ──► asks the source for part after part ──► verifies, keeps it
#pragma once

#include "actors/cluster/library_source.hpp"
#include "actors/cluster/services.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::actors {

using LibraryFetch = caf::typed_actor<caf::reacts_to<Continue>>;

/// What a transfer is spawned with.
struct LibraryFetchSpawn {
  runtime::LibraryShelf* shelf = nullptr;  // where to; outlives the actor
  base::BlockingPool& pool;
  base::Logger& log;
  std::string hash;
  LibrarySource from;  // may be none
  /// Called once, on the thread of the actor, with ok when the library is on the shelf.
  std::function<void(Status)> done;
};

/// The actor's state. It ends with the transfer.
class LibraryFetchState {
public:
  using Self = LibraryFetch::stateful_pointer<LibraryFetchState>;

  static inline const char* name = "library fetch";

  explicit LibraryFetchState(Self self) : self_{self} {}

  void begin(LibraryFetchSpawn spawn);

private:
  void ask();
  void on_answer(const LibraryAnswer& answer);
  void keep();
  void end(Status status);

  Self self_;
  std::optional<LibraryFetchSpawn> spawn_;
  std::optional<runtime::LibraryAssembly> assembly_;
};

LibraryFetch::behavior_type library_fetch(LibraryFetchState::Self self, LibraryFetchSpawn spawn);

/// Calls `then`, as a turn of `self`, when the library is here, or with why it is not; at once if
/// the job needs none, or this program loads none, which it says when it builds the job.
template <class Self, class Then>
void bring_library(Self* self, const ClusterServices& services, const std::string& hash,
                   LibrarySource from, Then then) {
  runtime::LibraryShelf* shelf = services.jobs.libraries();
  if (hash.empty() || shelf == nullptr) return then(Status{});
  using Handle = typename Self::actor_hdl;
  self->spawn(
      library_fetch,
      LibraryFetchSpawn{shelf, services.common.pool, services.common.log, hash, std::move(from),
                        [actor = Handle{self}, then](const Status& status) {
                          caf::anon_send(actor, Continue{[then, status] { then(status); }});
                        }});
}

}  // namespace weir::actors
