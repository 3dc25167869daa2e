#include "actors/cluster/library_source.hpp"

#include <caf/typed_behavior.hpp>
#include <caf/typed_response_promise.hpp>

#include <utility>

namespace weir::actors {
namespace {

LibraryAnswer answer_of(Result<runtime::LibraryPart> part) {
  if (part.ok()) return {std::move(part).value(), ErrorCode::ok, {}};
  return {{}, part.status().code(), part.status().message()};
}

}  // namespace

LibrarySource::behavior_type library_source(LibrarySource::pointer self, base::BlockingPool* pool,
                                            ReadLibrary read) {
  return {
      [self, pool, read = std::move(read)](const AskLibrary& ask) {
        using Promise = caf::typed_response_promise<LibraryAnswer>;
        const auto promise = std::make_shared<Promise>(self->make_response_promise<Promise>());
        ask_blocking(
            self, *pool, [read, ask] { return answer_of(read(ask.hash, ask.offset)); },
            [promise](LibraryAnswer answer) { promise->deliver(std::move(answer)); });
        return *promise;
      },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
