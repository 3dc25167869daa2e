// weir inspect on checkpoints with operator state: shown, checked, printed.
#include "base/files.hpp"
#include "checkpoint/storage.hpp"
#include "state/operator_snapshot.hpp"
#include "test/process/word_count_runs.hpp"

#include <weir/operator_state.hpp>

#include <catch2/catch.hpp>

#include <filesystem>

using namespace weir;
using Catch::Contains;
using test::Ended;

namespace fs = std::filesystem;

namespace {

struct Owner : StateOwner {
  OperatorListState<std::pair<std::string, int>> list{*this, "waiting"};
  UnionListState<int> all{*this, "seen"};
  BroadcastState<std::string, int> map{*this, "rules"};
};

/// A checkpoint of the operator "op" on two subtasks, of which the first one has its state in the
/// metadata and the second one in a file.
class Checkpoint {
public:
  Checkpoint() : root_{fs::temp_directory_path() / ("weir-inspect-" + std::to_string(::getpid()))} {
    fs::remove_all(root_);
    auto storage = checkpoint::CheckpointStorage::open(Env::posix(), root_, "job", "run").value();
    const Epoch epoch = storage->begin_epoch().value().epoch;
    REQUIRE(storage->reserve(epoch, CheckpointId{1}).ok());
    checkpoint::CheckpointMetadata metadata{.job = "job", .run = "run", .id = CheckpointId{1}};
    metadata.epoch = epoch;
    metadata.max_parallelism = 128;
    for (std::uint32_t i = 0; i < 2; ++i) metadata.parts.push_back({"op", i, part(i)});
    REQUIRE(storage->publish(epoch, metadata).ok());
  }
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;
  ~Checkpoint() { fs::remove_all(root_); }

  std::string path() const { return root_ / "job" / "chk-1"; }
  std::string file() const { return path() + "/op-1-1.state.operators"; }

  Ended inspect(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {test::program("weir"), "inspect", path()});
    return test::run_to_end(std::move(words));
  }

private:
  state::SubtaskState part(std::uint32_t index) const {
    Owner owner;
    owner.list.add({"a", static_cast<int>(index)});
    owner.list.add({"b", 7});
    owner.all.add(static_cast<int>(index));
    owner.map.put("limit", 5);
    owner.map.put("rate", 6);
    state::StateFile file{Env::posix(), this->file(), index == 0 ? std::size_t{20'000} : 0};
    state::SubtaskState state;
    for (const detail::OperatorState* each : owner.operator_states()) {
      state::OperatorCut cut{"op", *each};
      state.operators.push_back(state::write_elements(cut, file).value());
    }
    REQUIRE(file.finish().ok());
    place_in(file, "op-1-1.state.operators", state.operators);
    return state;
  }

  fs::path root_;
};

}  // namespace

TEST_CASE("inspect shows operator state and says that it is undamaged", "[process][inspect]") {
  const Checkpoint checkpoint;
  const Ended ended = checkpoint.inspect();
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("operator \"op\": state \"waiting\"  operator list  (str,i32)\n"
                                    "  subtask 0  2 elements, 20 B, in the metadata\n"
                                    "  subtask 1  2 elements, 20 B, op-1-1.state.operators\n"));
  CHECK_THAT(ended.output, Contains("state \"seen\"  union list  i32"));
  CHECK_THAT(ended.output, Contains("state \"rules\"  broadcast map  (str,i32)"));
  CHECK_THAT(ended.output, Contains("of state in 1 files"));
  CHECK(ended.last_line == "all checksums are right");
}

TEST_CASE("inspect prints the elements of an operator state as lines of JSON",
          "[process][inspect]") {
  const Checkpoint checkpoint;
  CHECK(checkpoint.inspect({"--state", "op/waiting"}).output ==
        "{\"subtask\":0,\"value\":[\"a\",0]}\n"
        "{\"subtask\":0,\"value\":[\"b\",7]}\n"
        "{\"subtask\":1,\"value\":[\"a\",1]}\n"
        "{\"subtask\":1,\"value\":[\"b\",7]}\n");
  CHECK(checkpoint.inspect({"--state", "op/rules", "--key", "rate"}).output ==
        "{\"subtask\":0,\"key\":\"rate\",\"value\":6}\n"
        "{\"subtask\":1,\"key\":\"rate\",\"value\":6}\n");
  const Ended unknown = checkpoint.inspect({"--state", "op/none"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.last_line, Contains("op/rules op/seen op/waiting"));
}

TEST_CASE("inspect names the file and the byte of damaged operator state", "[process][inspect]") {
  const Checkpoint checkpoint;
  Bytes bytes = base::read_file(Env::posix(), checkpoint.file()).value();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  auto file = Env::posix().create(checkpoint.file()).value();
  REQUIRE(file->append(bytes).ok());
  REQUIRE(file->close().ok());
  const Ended ended = checkpoint.inspect();
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains("op-1-1.state.operators is damaged at byte 32"));
  CHECK(checkpoint.inspect({"--state", "op/rules"}).code == 1);
  CHECK(checkpoint.inspect({"--state", "op/waiting"}).code == 0);
  fs::remove(checkpoint.file());
  CHECK_THAT(checkpoint.inspect().last_line, Contains("op-1-1.state.operators"));
}
