// How a library comes into a process, and what becomes of transfers that break off.
#include "actors/cluster/library_fetch.hpp"

#include "actors/config.hpp"
#include "base/memory_env.hpp"
#include "base/sha256.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <future>

using namespace weir;
using namespace weir::actors;
using Catch::Contains;

namespace {

/// Runs work at once.
class InlinePool final : public base::BlockingPool {
public:
  void submit(std::function<void()> work) override { work(); }
};

/// A process that has no library yet, and a source elsewhere.
struct Transfer {
  Bytes library = Bytes(2 * runtime::kLibraryPartBytes + 7, 'x');
  std::string hash = base::sha256(library);
  std::uint64_t max_bytes = library.size();
  std::function<Result<runtime::LibraryPart>(std::uint64_t)> read = [this](std::uint64_t offset) {
    return Result<runtime::LibraryPart>{
        runtime::LibraryPart{library.size(), library.substr(offset, runtime::kLibraryPartBytes)}};
  };
  std::function<void(LibrarySource&)> at_first_part = [](LibrarySource&) {};
  base::MemoryEnv env = {};
  std::atomic<int> asked = 0;

  /// Fetches it, and returns what the transfer ended with.
  Status run(bool has_source = true) {
    runtime::LibraryShelf shelf{runtime::LibraryCache::open(env, "/cache", "owner").value(),
                                max_bytes, base::silent_logger()};
    SystemConfig config{2};
    caf::actor_system system{config};
    InlinePool pool;
    LibrarySource source;
    if (has_source)
      source = system.spawn(library_source, &pool,
                            ReadLibrary{[this, &source](const std::string&, std::uint64_t offset) {
                              if (++asked == 2) at_first_part(source);
                              return read(offset);
                            }});
    std::promise<Status> done;
    system.spawn(library_fetch,
                 LibraryFetchSpawn{&shelf, pool, base::silent_logger(), hash, source,
                                   [&](Status status) { done.set_value(std::move(status)); }});
    Status status = done.get_future().get();
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(source));
    CHECK(shelf.find(hash).ok() == status.ok());
    system.await_all_actors_done();
    return status;
  }
};

}  // namespace

TEST_CASE("a library is fetched once, in parts", "[library]") {
  Transfer transfer;
  CHECK(transfer.run().ok());
  CHECK(transfer.asked == 3);
  // The next process finds it on the disk.
  CHECK(transfer.run().ok());
  CHECK(transfer.asked == 3);
}

TEST_CASE("a transfer that breaks off says so, and may be repeated", "[library]") {
  Transfer transfer;
  transfer.at_first_part = [](LibrarySource& source) {
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(source));
  };
  const Status status = transfer.run();
  CHECK(status.code() == ErrorCode::unavailable);
  CHECK_THAT(status.message(), Contains("the connection was lost"));
  CHECK(transfer.env.list("/cache").value().empty());
  transfer.at_first_part = [](LibrarySource&) {};
  CHECK(transfer.run().ok());
}

TEST_CASE("a library that nobody has, or that is not what it should be, is an error", "[library]") {
  Transfer transfer;
  SECTION("nobody to ask") {
    CHECK(transfer.run(false).code() == ErrorCode::not_found);
  }
  SECTION("the source has none") {
    transfer.read = [](std::uint64_t) { return Status{ErrorCode::not_found, "it is gone"}; };
    const Status status = transfer.run();
    CHECK(status.code() == ErrorCode::not_found);
    CHECK(status.message() == "it is gone");
  }
  SECTION("too large") {
    transfer.max_bytes -= 1;
    CHECK(transfer.run().code() == ErrorCode::invalid_argument);
    CHECK(transfer.asked == 1);
  }
  SECTION("other content") {
    transfer.library.back() = 'y';
    CHECK(transfer.run().code() == ErrorCode::corrupt);
  }
}
