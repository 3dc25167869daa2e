// What the storage does for logs of keyed state: their metadata, their files, their directory.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "checkpoint/storage.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::checkpoint;
using base::MemoryEnv;

namespace {

const std::string kLog = "/state/job/changelog";

std::unique_ptr<CheckpointStorage> open(Env& env, const std::string& run = "run") {
  return std::move(CheckpointStorage::open(env, "/state", "job", run)).value();
}

CheckpointMetadata metadata(Epoch epoch, bool has_log) {
  state::KeyedStateHandle handle{.operator_name = "op", .path = "base", .groups = {{0, 0, 4}}};
  if (has_log)
    handle.log.push_back({.upto = CheckpointId{1}, .path = "tail", .groups = {{0, 0, 2}}});
  SubtaskPart part{"op", 0, {}};
  part.state.keyed.push_back(handle);
  return {.job = "job", .run = "run", .id = CheckpointId{1}, .epoch = epoch, .parts = {part}};
}

}  // namespace

TEST_CASE("metadata with a log is not passed off as metadata without", "[storage][changelog]") {
  const CheckpointMetadata with = metadata(Epoch{1}, true);
  const CheckpointMetadata without = metadata(Epoch{1}, false);
  CHECK(encode_metadata(without)[8] == 1);
  CHECK(encode_metadata(with)[8] == 2);
  CHECK(decode_metadata(encode_metadata(without))->parts == without.parts);
  CHECK(decode_metadata(encode_metadata(with))->parts == with.parts);
  Bytes newer = encode_metadata(with);
  newer[8] = 3;
  CHECK(decode_metadata(newer).status().code() == ErrorCode::failed_precondition);
}

TEST_CASE("a missing or truncated segment is noticed when a checkpoint is loaded",
          "[storage][changelog]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch epoch = storage->begin_epoch()->epoch;
  REQUIRE(storage->reserve(epoch, CheckpointId{1}).ok());
  REQUIRE(base::replace_file(env, "/state/job/chk-1/base", "rows").ok());
  REQUIRE(base::replace_file(env, "/state/job/chk-1/tail", "ab").ok());
  REQUIRE(storage->publish(epoch, metadata(epoch, true)).ok());
  CHECK(storage->load(CheckpointId{1}).ok());
  REQUIRE(base::replace_file(env, "/state/job/chk-1/tail", "a").ok());
  CHECK_THAT(storage->load(CheckpointId{1}).status().message(), Catch::Contains("tail"));
  REQUIRE(env.remove_file("/state/job/chk-1/tail").ok());
  CHECK(storage->load(CheckpointId{1}).status().code() == ErrorCode::not_found);
}

TEST_CASE("the directory of logs is begun anew, and dropped, by the newest coordinator",
          "[storage][changelog]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch first = storage->begin_epoch()->epoch;
  REQUIRE(storage->drop_changelog(first).ok());  // there is none
  REQUIRE(storage->begin_changelog(first).ok());
  REQUIRE(base::replace_file(env, kLog + "/left", "x").ok());
  const Epoch second = storage->begin_epoch()->epoch;
  CHECK(storage->begin_changelog(first).code() == ErrorCode::fenced);
  CHECK(storage->drop_changelog(first).code() == ErrorCode::fenced);
  CHECK(env.stat(kLog + "/left").ok());
  REQUIRE(storage->begin_changelog(second).ok());
  CHECK(env.list(kLog)->empty());
  REQUIRE(storage->drop_changelog(second).ok());
  CHECK_FALSE(env.stat(kLog).ok());
  CHECK(storage->list_all()->empty());
}
