// Savepoints: what lies in the directory of one, and whose it is.
#include "base/memory_env.hpp"
#include "checkpoint/coordinator.hpp"
#include "checkpoint/savepoint.hpp"
#include "checkpoint/storage.hpp"
#include "test/checkpoint/actions.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;
using test::all;

namespace {

CheckpointMetadata metadata() {
  return {.job = "job", .run = "run", .id = CheckpointId{3}, .kind = CheckpointKind::savepoint};
}

}  // namespace

TEST_CASE("what was claimed is the oldest of those that are retained", "[savepoint]") {
  for (const int retained : {1, 2}) {
    CAPTURE(retained);
    Coordinator coordinator{
        {.every = 10s, .retained = retained}, CheckpointId{}, {}, "/sp/savepoint-job-run-7"};
    const Speaker speaker{{VertexId{0}, 0}, AttemptId{1}};
    coordinator.on_running({speaker}, 0s, 10s);
    std::vector<std::size_t> dropped;
    for (std::uint64_t id = 1; id <= 3; ++id) {
      coordinator.on_tick(10s * static_cast<int>(id));
      coordinator.on_reserved(CheckpointId{id}, {}, 0s, WallTime{});
      coordinator.on_ack({.id = CheckpointId{id}, .from = speaker, .state = {}, .timings = {}});
      const Actions done = coordinator.on_published(CheckpointId{id}, {}, 0s);
      for (const DropSavepoint& drop : all<DropSavepoint>(done)) {
        CHECK(drop.directory == "/sp/savepoint-job-run-7");
        dropped.push_back(id);
      }
    }
    CHECK(dropped == std::vector<std::size_t>{static_cast<std::size_t>(retained)});
  }
}

TEST_CASE("a savepoint is complete with its metadata, and can be moved as a whole", "[savepoint]") {
  base::MemoryEnv env;
  const std::string directory = savepoint_place("file:///sp/deep", "job", "run") + "-3";
  CHECK(directory == "/sp/deep/savepoint-job-run-3");
  REQUIRE(create_savepoint(env, directory).ok());
  CHECK(CheckpointStorage::load(env, directory).status().code() == ErrorCode::not_found);
  REQUIRE(publish_savepoint(env, directory, metadata()).ok());
  REQUIRE(env.rename(directory, "/elsewhere").ok());
  const auto loaded = CheckpointStorage::load(env, "/elsewhere");
  REQUIRE(loaded.ok());
  CHECK(loaded->kind == CheckpointKind::savepoint);
  CHECK(env.list("/elsewhere")->size() == 1);
  REQUIRE(delete_savepoint(env, "/elsewhere").ok());
  CHECK_FALSE(env.stat("/elsewhere").ok());
  CHECK(delete_savepoint(env, "/elsewhere").ok());
}

TEST_CASE("a savepoint never takes a directory that is there already", "[savepoint]") {
  base::MemoryEnv env;
  REQUIRE(create_savepoint(env, "/sp/savepoint-job-run-3").ok());
  const Status again = create_savepoint(env, "/sp/savepoint-job-run-3");
  CHECK(again.code() == ErrorCode::already_exists);
  CHECK_THAT(again.message(),
             Catch::Contains("/sp/savepoint-job-run-3") && Catch::Contains("choose a target"));
}

TEST_CASE("whoever continues a job knows the savepoint that it was stopped behind", "[savepoint]") {
  base::MemoryEnv env;
  {
    auto storage = CheckpointStorage::open(env, "/chk", "job", "run1");
    REQUIRE(storage.ok());
    const Epoch epoch = (*storage)->begin_epoch()->epoch;
    REQUIRE((*storage)->reserve_for_savepoint(epoch, CheckpointId{4}).ok());
    REQUIRE((*storage)->note_savepoint(epoch, CheckpointId{4}, "/sp/s-4").ok());
    REQUIRE((*storage)->begin_epoch().ok());
    CHECK((*storage)->note_savepoint(epoch, CheckpointId{5}, "/sp/s-5").code() ==
          ErrorCode::fenced);
  }
  auto storage = CheckpointStorage::open(env, "/chk", "job", "run2");
  REQUIRE(storage.ok());
  const auto record = (*storage)->begin_epoch();
  REQUIRE(record.ok());
  CHECK(record->savepoint == "/sp/s-4");
  CHECK(record->savepoint_id == CheckpointId{4});
  CHECK(record->last_id == CheckpointId{4});
  CHECK((*storage)->list_all()->empty());
}
