// Checkpoints that take over parts of earlier ones: their files.
#include "checkpoint/composition.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/refusing_env.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::checkpoint;
using base::MemoryEnv;

namespace {

/// A disk on which no file can have two names.
class OneName final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  Status link(const std::string&, const std::string&) override {
    return {ErrorCode::failed_precondition, "one name"};
  }
};

void write(Env& env, const std::string& path, const std::string& bytes) {
  auto file = env.create(path).value();
  REQUIRE(file->append(bytes).ok());
  REQUIRE(file->sync().ok());
}

/// Files of every kind, named as snapshots of attempt `attempt` are.
SubtaskPart part(std::uint32_t index, int attempt) {
  const std::string name = "op-" + std::to_string(index) + "-" + std::to_string(attempt) + ".state";
  SubtaskPart part{"op", index, {}};
  state::KeyedStateHandle rows{.operator_name = "op"};
  rows.path = name;
  rows.groups.push_back({0, 0, 4});
  rows.log.push_back({.upto = CheckpointId{1}, .path = name + ".tail-1", .groups = {{0, 0, 4}}});
  state::KeyedStateHandle native{.operator_name = "other"};
  native.files.push_back({.name = "1.sst", .path = name + ".1.1.sst", .size = 4});
  native.files.push_back({.name = "CURRENT", .inlined = "x", .size = 1});
  part.state.keyed = {rows, native};
  state::OperatorStateHandle list{.operator_name = "op"};
  list.path = name + ".operators";
  list.blocks.push_back({4, 1});
  part.state.operators = {list};
  state::ChannelStateHandle channel{.edge = "a -> op"};
  channel.path = name + ".channels";
  channel.blocks.push_back(4);
  part.state.channels = {channel};
  return part;
}

/// A storage with checkpoints of two subtasks.
struct Stored {
  explicit Stored(Env& e) : env{e} {
    storage = std::move(CheckpointStorage::open(env, "/state", "job", "run")).value();
    epoch = storage->begin_epoch().value().epoch;
  }

  CheckpointMetadata begin(std::uint64_t id) const {
    REQUIRE(storage->reserve(epoch, CheckpointId{id}).ok());
    return {.job = "job", .run = "run", .id = CheckpointId{id}, .epoch = epoch};
  }
  /// Subtask `index` has written its part.
  void add(CheckpointMetadata& metadata, std::uint32_t index, int attempt) const {
    SubtaskPart added = part(index, attempt);
    for (const std::string& path : added.state.paths())
      write(env, storage->path_of(metadata.id) + "/" + path, content(metadata.id, index));
    metadata.parts.push_back(std::move(added));
  }
  static std::string content(CheckpointId id, std::uint32_t index) {
    return std::to_string(id.value()) + "/" + std::to_string(index) + ".";
  }
  /// Publishes checkpoint 1, and begins the second, to which only subtask 0 has written its part.
  CheckpointMetadata begin_second() const {
    auto first = begin(1);
    add(first, 0, 1);
    add(first, 1, 1);
    publish(first);
    auto second = begin(2);
    add(second, 0, 1);
    return second;
  }
  void publish(const CheckpointMetadata& metadata) const {
    REQUIRE(storage->publish(epoch, metadata).ok());
  }
  /// The part of a subtask, which must be whole, is what it wrote to checkpoint `from`.
  void check(std::uint64_t id, std::uint32_t index, std::uint64_t from) const {
    CAPTURE(id, index, from);
    const auto loaded = storage->load(CheckpointId{id});
    REQUIRE(loaded.ok());
    const auto at = std::find_if(loaded->parts.begin(), loaded->parts.end(),
                                 [&](const auto& each) { return each.index == index; });
    REQUIRE(at != loaded->parts.end());
    CHECK(at->state.paths().size() == 5);
    for (const std::string& path : at->state.paths())
      CHECK(base::read_file(env, storage->path_of(CheckpointId{id}) + "/" + path).value() ==
            content(CheckpointId{from}, index));
  }

  Env& env;
  std::unique_ptr<CheckpointStorage> storage;
  Epoch epoch;
};

const std::set<PartName> kSecond{{"op", 1}};

}  // namespace

TEST_CASE("a part that is taken over outlives the checkpoint that it comes from", "[regional]") {
  MemoryEnv memory;
  OneName copying{memory};
  for (Env* env : {static_cast<Env*>(&memory), static_cast<Env*>(&copying)}) {
    Stored stored{*env};
    CheckpointMetadata second = stored.begin_second();
    CheckpointMetadata refused = second;
    stored.add(refused, 1, 1);  // it had written something, under the names of its attempt
    REQUIRE(stored.storage->take_over(second, CheckpointId{1}, kSecond).ok());
    stored.publish(second);
    REQUIRE(stored.storage->drop(stored.epoch, CheckpointId{1}).ok());
    memory.crash();
    // And what it had written goes, if it is late.
    REQUIRE(
        stored.storage->drop_files(stored.epoch, CheckpointId{2}, refused.parts[1].state.paths())
            .ok());
    stored.check(2, 0, 2);
    stored.check(2, 1, 1);
    // Once more, out of the one that has taken it over.
    auto third = stored.begin(3);
    stored.add(third, 0, 1);
    REQUIRE(stored.storage->take_over(third, CheckpointId{2}, kSecond).ok());
    stored.publish(third);
    REQUIRE(stored.storage->drop(stored.epoch, CheckpointId{2}).ok());
    memory.crash();
    stored.check(3, 1, 1);
    const auto files = env->list(stored.storage->path_of(CheckpointId{3})).value();
    CHECK(files.size() == 11);  // nothing but both parts and the metadata
    REQUIRE(base::remove_tree(*env, "/state").ok());
  }
}

TEST_CASE("what could not be taken over at once is taken over whole", "[regional]") {
  for (int skip = 0; skip < 4; ++skip) {
    MemoryEnv memory;
    OneName copying{memory};
    test::RefusingEnv env{copying};
    Stored stored{env};
    CheckpointMetadata second = stored.begin_second();
    env.refuse(ErrorCode::unavailable, 1, skip);
    CheckpointMetadata failed = second;
    CHECK(stored.storage->take_over(failed, CheckpointId{1}, kSecond).code() ==
          ErrorCode::unavailable);
    REQUIRE(stored.storage->take_over(second, CheckpointId{1}, kSecond).ok());
    stored.publish(second);
    stored.check(2, 1, 1);
    stored.check(1, 1, 1);
  }
  // A link that an attempt before has made must not be written to.
  MemoryEnv memory;
  Stored stored{memory};
  auto first = stored.begin(1);
  stored.add(first, 1, 1);
  stored.publish(first);
  auto second = stored.begin(2);
  CheckpointMetadata again = second;
  REQUIRE(stored.storage->take_over(second, CheckpointId{1}, kSecond).ok());
  REQUIRE(stored.storage->take_over(again, CheckpointId{1}, kSecond).ok());
  stored.publish(again);
  stored.check(1, 1, 1);
  stored.check(2, 1, 1);
}

TEST_CASE("what is missing in the earlier one cannot be taken over", "[regional]") {
  MemoryEnv env;
  Stored stored{env};
  auto first = stored.begin(1);
  stored.add(first, 0, 1);
  stored.publish(first);
  auto second = stored.begin(2);
  const Status no_part = stored.storage->take_over(second, CheckpointId{1}, kSecond);
  CHECK(no_part.code() == ErrorCode::corrupt);
  CHECK(no_part.message() == "checkpoint 1 has no part of op/1");
  CHECK(stored.storage->take_over(second, CheckpointId{9}, kSecond).code() == ErrorCode::not_found);
}
