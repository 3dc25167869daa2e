// Operator state of one subtask: frozen at a barrier, written, read again, and what its operator
// hears of it.
#include "runtime/task/operator_restore.hpp"

#include "base/files.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <stdexcept>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using test::Bench;
using test::Trace;

namespace {

/// What the operators below are asked, in order.
std::vector<std::string> calls;

/// Keeps every number.
class Keep final : public Process<int, int> {
public:
  explicit Keep(bool refuses) : refuses_{refuses} { kept_.add(-1); }

  void on_record(const int& n, const OperatorInfo&, Emit<int>&) override { kept_.add(n); }
  void on_restore(const OperatorInfo& info) override {
    if (refuses_) throw std::runtime_error{"not mine"};
    std::string text = "restored " + std::to_string(info.subtask) + ":";
    for (const int n : kept_) text += " " + std::to_string(n);
    calls.push_back(text);
  }

private:
  bool refuses_;
  OperatorListState<int> kept_{*this, "kept"};
};

/// numbers/2 -> kept/1 -> out.
Job keep_job(bool refuses = false, JobOptions options = {}) {
  Job job{"keep", options};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .process<Keep>("kept", refuses)
      .parallelism(1)
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(1);
  return job;
}

checkpoint::Barrier barrier(std::uint64_t id) {
  return {.id = CheckpointId{id}};
}

OperatorStateShare all_of(const state::OperatorStateHandle& handle) {
  return {.handle = handle, .first = 0, .count = handle.elements()};
}

/// Pushes numbers on both sides of a barrier and returns the snapshot.
state::SubtaskState snapshot(Bench& bench, const std::vector<int>& before) {
  bench.start();
  bench.push(0, before);
  bench.push(0, barrier(1));
  bench.push(1, barrier(1));
  bench.push(0, {100, 101});  // the state changes while it waits to be stored
  REQUIRE(bench.do_work() == Trace{"ack 1"});
  return bench.acks().at(0).state;
}

}  // namespace

TEST_CASE("operator state is what it was at the barrier, and is restored before the first record",
          "[subtask][operator state]") {
  calls.clear();
  Bench bench{keep_job(), "kept/0"};
  const state::SubtaskState state = snapshot(bench, {7, 8});
  CHECK(calls.empty());  // there was nothing to restore
  REQUIRE(state.operators.size() == 1);
  CHECK(state.operators[0].elements() == 3);

  Bench restored{keep_job(), "kept/0"};
  const RestoreOrder order{.restore = {.operators = {all_of(state.operators[0])}},
                           .directory = "/checkpoints",
                           .env = &restored.env()};
  REQUIRE(read_operator_states(order, restored.subtask().operator_states()).ok());
  CHECK(calls.empty());
  restored.start();
  CHECK(calls == std::vector<std::string>{"restored 0: -1 7 8"});
  restored.push(0, {9});
  restored.push(0, barrier(2));
  restored.push(1, barrier(2));
  restored.do_work();
  CHECK(restored.acks().at(0).state.operators[0].elements() == 4);
  CHECK(calls.size() == 1);
}

TEST_CASE("a share without elements restores an empty state", "[subtask][operator state]") {
  calls.clear();
  Bench bench{keep_job(), "kept/0"};
  OperatorStateShare none;
  none.handle.operator_name = "kept";
  none.handle.name = "kept";
  const RestoreOrder order{.restore = {.operators = {none}}, .env = &bench.env()};
  REQUIRE(read_operator_states(order, bench.subtask().operator_states()).ok());
  bench.start();
  CHECK(calls == std::vector<std::string>{"restored 0:"});
}

TEST_CASE("an operator that throws when it is restored fails the subtask by its name",
          "[subtask][operator state]") {
  Bench bench{keep_job(true), "kept/0"};
  OperatorStateShare none;
  none.handle.operator_name = "kept";
  none.handle.name = "kept";
  const RestoreOrder order{.restore = {.operators = {none}}, .env = &bench.env()};
  REQUIRE(read_operator_states(order, bench.subtask().operator_states()).ok());
  CHECK(bench.start() == Trace{"failed: kept: not mine"});
}

TEST_CASE("a large operator state lies in a file, whose damage or loss is named",
          "[subtask][operator state]") {
  Bench bench{keep_job(), "kept/0"};
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  const state::SubtaskState state = snapshot(bench, std::vector<int>(30'000, 5));
  REQUIRE(state.operators.size() == 1);
  const std::string file = "kept-0-1.state.operators";
  CHECK(state.operators[0].path == file);
  CHECK(state.operators[0].inlined.empty());

  const auto read = [&] {
    Bench restored{keep_job(), "kept/0"};
    const RestoreOrder order{.restore = {.operators = {all_of(state.operators[0])}},
                             .directory = "/checkpoints/chk-1",
                             .env = &bench.env()};
    return read_operator_states(order, restored.subtask().operator_states());
  };
  CHECK(read().ok());
  const std::string path = "/checkpoints/chk-1/" + file;
  Bytes bytes = base::read_file(bench.env(), path).value();
  bytes[70'000] = static_cast<char>(bytes[70'000] ^ 1);
  test::write_file(bench.env(), path, bytes);
  CHECK(read().code() == ErrorCode::corrupt);
  CHECK_THAT(read().message(), Catch::Contains(path + " is damaged at byte 65"));
  REQUIRE(bench.env().remove_file(path).ok());
  CHECK(read().code() == ErrorCode::not_found);
  CHECK_THAT(read().message(), Catch::Contains(path));
}

TEST_CASE("operator state is compressed if snapshots are", "[subtask][operator state]") {
  Bench bench{keep_job(false, {.checkpoint = {.compress_snapshots = true}}), "kept/0"};
  const state::SubtaskState state = snapshot(bench, std::vector<int>(30'000, 5));
  REQUIRE(state.operators.size() == 1);
  CHECK(state.operators[0].elements() == 30'001);
  CHECK(state.operators[0].size_bytes() < 1'000);

  Bench restored{keep_job(), "kept/0"};
  const RestoreOrder order{.restore = {.operators = {all_of(state.operators[0])}},
                           .env = &restored.env()};
  REQUIRE(read_operator_states(order, restored.subtask().operator_states()).ok());
  REQUIRE(restored.env().create_directories("/checkpoints/chk-2").ok());
  restored.start();
  restored.push(0, barrier(2));
  restored.push(1, barrier(2));
  REQUIRE(restored.do_work() == Trace{"ack 2"});
  CHECK(restored.acks().at(0).state.operators[0].elements() == 30'001);
}
