#include "checkpoint/storage.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "checkpoint/savepoint.hpp"
#include "test/support/refusing_env.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::checkpoint;
using base::MemoryEnv;

namespace {

std::unique_ptr<CheckpointStorage> open(Env& env, const std::string& run = "run-1") {
  auto storage = CheckpointStorage::open(env, "file:///state", "job", run);
  REQUIRE(storage.ok());
  return std::move(storage).value();
}

CheckpointMetadata metadata(std::uint64_t id, Epoch epoch) {
  CheckpointMetadata m{.job = "job", .run = "run-1", .id = CheckpointId{id}, .epoch = epoch};
  m.max_parallelism = 128;
  m.triggered_at = WallTime{std::chrono::microseconds{1234567}};
  SubtaskPart part{"source", 1, {}};
  part.state.sources.push_back({"source", "u64", {{{"file", 10}, Bytes{"pos"}}}});
  part.state.is_finished = true;
  m.parts.push_back(part);
  auto splits = std::make_shared<std::vector<state::SplitPosition>>();
  for (int i = 0; i < 1000; ++i) splits->push_back({{"path/" + std::to_string(i), 5}, {}});
  m.remaining.push_back({"source", splits, 990});
  return m;
}

void write(Env& env, const std::string& path, std::string_view bytes) {
  auto file = env.create(path).value();
  REQUIRE(file->append(bytes).ok());
}

/// Publishes checkpoints 1 to n.
Epoch publish(CheckpointStorage& storage, std::uint64_t n) {
  const Epoch epoch = storage.begin_epoch().value().epoch;
  for (std::uint64_t id = 1; id <= n; ++id) {
    REQUIRE(storage.reserve(epoch, CheckpointId{id}).ok());
    REQUIRE(storage.publish(epoch, metadata(id, epoch)).ok());
  }
  return epoch;
}

}  // namespace

TEST_CASE("metadata survives its trip to the disk and back", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch epoch = publish(*storage, 1);
  const auto loaded = storage->load(CheckpointId{1});
  REQUIRE(loaded.ok());
  const auto expected = metadata(1, epoch);
  CHECK(loaded->job == expected.job);
  CHECK(loaded->parts == expected.parts);
  CHECK(loaded->triggered_at == expected.triggered_at);
  CHECK(loaded->remaining[0].all->size() == 10);
  CHECK(loaded->remaining[0].all->front().split.id == "path/990");
  CHECK(CheckpointStorage::load(env, "/state/job/chk-1").ok());
  CHECK(CheckpointStorage::load(env, "/state/job/chk-1/_metadata").ok());
}

TEST_CASE("only complete checkpoints are listed, in order", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  CHECK(storage->list().value().empty());
  const Epoch epoch = publish(*storage, 11);
  REQUIRE(storage->reserve(epoch, CheckpointId{12}).ok());
  REQUIRE(env.create_directories("/state/job/chk-junk").ok());
  const auto ids = storage->list().value();
  CHECK(ids.size() == 11);
  CHECK(ids.back() == CheckpointId{11});
  CHECK(storage->list_all().value().size() == 12);
}

TEST_CASE("an older epoch can neither publish nor reserve nor delete", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch old = publish(*storage, 1);
  REQUIRE(storage->reserve(old, CheckpointId{2}).ok());
  const Epoch now = storage->begin_epoch().value().epoch;
  CHECK(now > old);
  CHECK(storage->publish(old, metadata(2, old)).code() == ErrorCode::fenced);
  CHECK(storage->reserve(old, CheckpointId{3}).code() == ErrorCode::fenced);
  CHECK(storage->drop(old, CheckpointId{1}).code() == ErrorCode::fenced);
  CHECK(storage->drop_files(old, CheckpointId{1}, {"x"}).code() == ErrorCode::fenced);
  CHECK(storage->mark_finished(old).code() == ErrorCode::fenced);
  CHECK(storage->list().value() == std::vector<CheckpointId>{CheckpointId{1}});
  CHECK(storage->publish(now, metadata(2, now)).ok());
}

TEST_CASE("ids and epochs are not used twice after a crash", "[storage]") {
  MemoryEnv env;
  Epoch first;
  {
    auto storage = open(env);
    first = publish(*storage, 3);
    REQUIRE(storage->reserve(first, CheckpointId{4}).ok());
    REQUIRE(storage->drop(first, CheckpointId{4}).ok());
  }
  env.crash();
  auto storage = open(env, "run-2");
  const auto record = storage->begin_epoch().value();
  CHECK(record.epoch > first);
  CHECK(record.last_id == CheckpointId{4});
}

TEST_CASE("what was published survives a crash, what was not does not appear", "[storage]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    MemoryEnv env;
    base::Random random{seed};
    {
      auto storage = open(env);
      const Epoch epoch = publish(*storage, 2);
      REQUIRE(storage->reserve(epoch, CheckpointId{3}).ok());
      write(env, "/state/job/chk-3/state", "unsynced");
    }
    env.crash(&random);
    auto storage = open(env);
    CHECK(storage->list().value() == (std::vector<CheckpointId>{CheckpointId{1}, CheckpointId{2}}));
    CHECK(storage->load(CheckpointId{2}).ok());
  }
}

TEST_CASE("whatever step of a write fails, the same write may be made again", "[storage]") {
  for (int skip = 0; skip < 12; ++skip) {
    CAPTURE(skip);
    MemoryEnv memory;
    test::RefusingEnv env{memory};
    auto storage = open(env);
    const Epoch epoch = storage->begin_epoch().value().epoch;
    const auto until_done = [&](auto write) {
      int attempts = 1;
      for (; !write().ok(); ++attempts) REQUIRE(attempts < 3);
      return attempts;
    };
    env.refuse(ErrorCode::unavailable, 1, skip);
    int attempts = until_done([&] { return storage->reserve(epoch, CheckpointId{1}); });
    attempts += until_done([&] { return storage->publish(epoch, metadata(1, epoch)); });
    attempts += until_done([&] { return create_savepoint(env, "/sp/one"); });
    attempts += until_done([&] { return publish_savepoint(env, "/sp/one", metadata(2, epoch)); });
    CHECK(attempts == 5);  // each of the steps was met
    memory.crash();
    CHECK(storage->list().value() == std::vector{CheckpointId{1}});
    CHECK(storage->load(CheckpointId{1}).ok());
    CHECK(CheckpointStorage::load(memory, "/sp/one").ok());
  }
}

TEST_CASE("a half-deleted checkpoint is not complete", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch epoch = publish(*storage, 2);
  write(env, "/state/job/chk-1/state", "x");
  REQUIRE(storage->drop(epoch, CheckpointId{1}).ok());
  REQUIRE(storage->drop(epoch, CheckpointId{1}).ok());  // once more is no error
  CHECK(storage->list().value() == std::vector<CheckpointId>{CheckpointId{2}});
  CHECK(env.stat("/state/job/chk-1").status().code() == ErrorCode::not_found);
}

TEST_CASE("damaged, truncated and foreign metadata is refused with the file's name", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  publish(*storage, 1);
  const std::string path = "/state/job/chk-1/_metadata";
  const Bytes bytes = base::read_file(env, path).value();
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    Bytes damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    write(env, path, damaged);
    const Status status = storage->load(CheckpointId{1}).status();
    REQUIRE_FALSE(status.ok());
    REQUIRE(status.message().find(path) != std::string::npos);
    write(env, path, bytes.substr(0, at));
    REQUIRE(storage->load(CheckpointId{1}).status().code() == ErrorCode::corrupt);
  }
  Bytes newer = bytes;
  newer[8] = 3;  // the format version
  write(env, path, newer);
  const Status status = storage->load(CheckpointId{1}).status();
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK(status.message().find("version 3") != std::string::npos);
}

TEST_CASE("a missing or truncated state file is noticed when a checkpoint is loaded", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch epoch = storage->begin_epoch().value().epoch;
  REQUIRE(storage->reserve(epoch, CheckpointId{1}).ok());
  auto m = metadata(1, epoch);
  state::KeyedStateHandle handle{.operator_name = "counts", .path = "counts-0"};
  handle.groups = {{0, 0, 60}, {5, 60, 40}};
  m.parts[0].state.keyed.push_back(handle);
  REQUIRE(storage->publish(epoch, m).ok());
  CHECK(storage->load(CheckpointId{1}).status().code() == ErrorCode::not_found);
  write(env, "/state/job/chk-1/counts-0", std::string(99, 'x'));
  const Status status = storage->load(CheckpointId{1}).status();
  CHECK(status.code() == ErrorCode::corrupt);
  CHECK(status.message().find("99 of 100 bytes") != std::string::npos);
  write(env, "/state/job/chk-1/counts-0", std::string(100, 'x'));
  CHECK(storage->load(CheckpointId{1}).ok());
  REQUIRE(storage->drop_files(epoch, CheckpointId{1}, {"counts-0", "not-there"}).ok());
  CHECK_FALSE(storage->load(CheckpointId{1}).ok());
}

TEST_CASE("a missing or truncated file of operator state is noticed as well", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const Epoch epoch = storage->begin_epoch().value().epoch;
  REQUIRE(storage->reserve(epoch, CheckpointId{1}).ok());
  auto m = metadata(1, epoch);
  state::OperatorStateHandle handle{.operator_name = "op", .name = "list", .path = "op-0"};
  handle.offset = 10;
  handle.blocks = {{60, 3}, {30, 1}};
  m.parts[0].state.operators.push_back(handle);
  REQUIRE(storage->publish(epoch, m).ok());
  CHECK(storage->load(CheckpointId{1}).status().code() == ErrorCode::not_found);
  write(env, "/state/job/chk-1/op-0", std::string(99, 'x'));
  CHECK_THAT(storage->load(CheckpointId{1}).status().message(),
             Catch::Contains("op-0 is truncated: it has 99 of 100 bytes"));
  write(env, "/state/job/chk-1/op-0", std::string(100, 'x'));
  CHECK(storage->load(CheckpointId{1}).value().parts[0].state.operators ==
        m.parts[0].state.operators);
}

TEST_CASE("two processes cannot use one job's directory", "[storage]") {
  MemoryEnv env;
  auto storage = open(env);
  const auto second = CheckpointStorage::open(env, "/state", "job", "run-2");
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == ErrorCode::failed_precondition);
  CHECK(second.status().message().find("locked by a running process") != std::string::npos);
  CHECK(CheckpointStorage::open(env, "/state", "other-job", "run-2").ok());
}

TEST_CASE("a job that has finished is known to have, until it runs again", "[storage]") {
  MemoryEnv env;
  {
    auto storage = open(env);
    const Epoch epoch = publish(*storage, 1);
    REQUIRE(storage->mark_finished(epoch).ok());
  }
  env.crash();
  auto storage = open(env);
  const auto record = storage->begin_epoch().value();
  CHECK(record.is_finished);
  REQUIRE(storage->mark_finished(record.epoch, false).ok());
  CHECK_FALSE(storage->begin_epoch().value().is_finished);
}

TEST_CASE("an unreadable coordinator record stops the start with the cure", "[storage]") {
  MemoryEnv env;
  {
    auto storage = open(env);
    publish(*storage, 1);
  }
  write(env, "/state/job/coordinator", "garbage");
  const auto storage = CheckpointStorage::open(env, "/state", "job", "run-2");
  REQUIRE_FALSE(storage.ok());
  CHECK(storage.status().code() == ErrorCode::corrupt);
  CHECK(storage.status().message().find("/state/job/coordinator") != std::string::npos);
}
