// LibrarySource: hands out the libraries of jobs, part by part, to processes that ask.
//
// Whoever needs a library asks for one part after the other, so that heartbeats and other messages
// get their turn between two of them, and nothing piles up for a slow connection.
#pragma once

#include "actors/blocking.hpp"
#include "actors/message_inspect.hpp"
#include "runtime/library/library_assembly.hpp"

#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace weir::actors {

/// Asks for the part of a library that begins at `offset`.
struct AskLibrary {
  std::string hash;
  std::uint64_t offset = 0;
};

/// The part, or why there is none.
struct LibraryAnswer {
  runtime::LibraryPart part = {};
  ErrorCode code = ErrorCode::ok;
  std::string reason = {};
};

WEIR_MESSAGE(AskLibrary)
WEIR_MESSAGE(LibraryAnswer)

using LibrarySource = caf::typed_actor<caf::replies_to<AskLibrary>::with<LibraryAnswer>,
                                       // From itself.
                                       caf::reacts_to<Continue>>;

/// Where the parts come from; called in the pool.
using ReadLibrary =
    std::function<Result<runtime::LibraryPart>(const std::string& hash, std::uint64_t offset)>;

/// `pool` must outlive the actor.
LibrarySource::behavior_type library_source(LibrarySource::pointer self, base::BlockingPool* pool,
                                            ReadLibrary read);

}  // namespace weir::actors
