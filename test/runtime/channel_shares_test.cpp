// Records that barriers had overtaken: who gets them, at which parallelism, and who reads them.
#include "runtime/job/channel_shares.hpp"

#include "base/memory_env.hpp"
#include "runtime/job/restore.hpp"
#include "runtime/task/channel_restore.hpp"
#include "state/channel_state.hpp"
#include "test/runtime/count_checkpoint.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace weir;
using namespace weir::runtime;
using state::ChannelSide;
using state::ChannelStateHandle;
using test::count_job;
using test::mentions;

namespace {

const char* const kEdge = "numbers -> counts by key";

Plan plan_of(const Job& job, std::uint32_t max = 0) {
  return Plan::build(job.graph(), max);
}

/// A handle with its records inlined.
ChannelStateHandle handle(std::uint32_t receiver, ChannelSide side, std::vector<int> numbers,
                          const std::string& edge = kEdge) {
  detail::Batch<int> batch;
  batch.records = std::move(numbers);
  ByteWriter out;
  batch.encode(out);
  base::MemoryEnv env;
  state::StateFile file{env, "/never", 1 << 20};
  std::vector<ChannelStateHandle> handles{
      {.edge = edge, .receiver = receiver, .side = side, .schema = "i32"}};
  REQUIRE(state::add_batch(out.view(), file, handles[0]).ok());
  REQUIRE(file.finish().ok());
  state::place_in(file, "never", handles);
  return handles[0];
}

/// The checkpoint of count_job at parallelism 2, where both have received what the sources have
/// sent before, and sent what follows.
checkpoint::CheckpointMetadata metadata(const std::vector<std::vector<int>>& received,
                                        const std::vector<std::vector<int>>& sent) {
  auto m = test::metadata();
  for (auto& part : m.parts) {
    const bool is_source = part.vertex == "numbers";
    for (std::uint32_t receiver = 0; receiver < 2; ++receiver) {
      if (is_source && part.index == 0)
        part.state.channels.push_back(handle(receiver, ChannelSide::sent, sent[receiver]));
      else if (!is_source && receiver == part.index)
        part.state.channels.push_back(handle(receiver, ChannelSide::received, received[receiver]));
    }
  }
  return m;
}

std::vector<int> numbers_of(const Plan& plan, SubtaskId subtask,
                            const std::vector<ChannelShare>& shares) {
  base::MemoryEnv env;
  const RestoreOrder order{.restore = {.channels = shares}, .directory = "/chk", .env = &env};
  const auto batches = read_channels(order, plan, subtask);
  INFO(batches.status().message());
  REQUIRE(batches.ok());
  std::vector<int> all;
  for (const RecoveredBatch& batch : *batches) {
    const auto& records = static_cast<const detail::Batch<int>&>(*batch.batch).records;
    all.insert(all.end(), records.begin(), records.end());
  }
  return all;
}

/// Numbers whose key groups are those of a subtask.
std::vector<int> owned_by(std::uint32_t index, std::uint32_t parallelism, int from, int to) {
  const auto range = detail::range_of_subtask(index, parallelism, 128);
  std::vector<int> own;
  for (int n = from; n < to; ++n) {
    if (range.contains(detail::key_position(hash_of(n), 128).group)) own.push_back(n);
  }
  return own;
}

}  // namespace

TEST_CASE("at the same parallelism each receiver gets what it had, then what was sent to it",
          "[restore][unaligned]") {
  const Plan plan = plan_of(count_job({.parallelism = 2}));
  const auto shares = share_channels(plan, metadata({{1, 2}, {3}}, {{4}, {5, 6}})).value();
  REQUIRE(shares.size() == 2);
  for (const auto& [subtask, own] : shares) {
    REQUIRE(own.size() == 2);
    CHECK_FALSE(own[0].drops_others);
  }
  CHECK(numbers_of(plan, {VertexId{1}, 0}, shares.at({VertexId{1}, 0})) ==
        std::vector<int>{1, 2, 4});
  CHECK(numbers_of(plan, {VertexId{1}, 1}, shares.at({VertexId{1}, 1})) ==
        std::vector<int>{3, 5, 6});
  const auto restore = make_restore_plan(plan, metadata({{1}, {2}}, {{3}, {4}}), false).value();
  CHECK(restore.subtasks.at({VertexId{1}, 0}).channels.size() == 2);
  CHECK(restore.subtasks.at({VertexId{0}, 0}).channels.empty());
}

TEST_CASE("at another parallelism each record goes to the owner of its key, once, in order",
          "[restore][unaligned]") {
  const auto m = metadata({owned_by(0, 2, 0, 500), owned_by(1, 2, 0, 500)},
                          {owned_by(0, 2, 500, 900), owned_by(1, 2, 500, 900)});
  for (const int parallelism : {1, 3, 7, 128}) {
    CAPTURE(parallelism);
    const Plan plan = plan_of(count_job({.parallelism = parallelism}), 128);
    const auto shares = share_channels(plan, m).value();
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(parallelism); ++i) {
      const SubtaskId subtask{VertexId{1}, i};
      const auto own = shares.find(subtask);
      std::vector<int> numbers =
          own == shares.end() ? std::vector<int>{} : numbers_of(plan, subtask, own->second);
      for (std::uint32_t old = 0; old < 2; ++old) {  // so those of each key keep their order
        const std::vector<int> had = owned_by(old, 2, 0, 900);
        std::vector<int> own_order;
        std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(own_order),
                     [&](int n) { return std::binary_search(had.begin(), had.end(), n); });
        CHECK(std::is_sorted(own_order.begin(), own_order.end()));
      }
      std::sort(numbers.begin(), numbers.end());
      CHECK(numbers == owned_by(i, static_cast<std::uint32_t>(parallelism), 0, 900));
    }
  }
}

TEST_CASE("records without keys go to one of the receivers that there are",
          "[restore][unaligned]") {
  Job job{"copies", {.parallelism = 2}};
  job.source("numbers", test::numbers.source())
      .rebalance()
      .map("counts", [](const int& n) { return n; })
      .sink("out", testing::TransactionLog<int>{}.sink());
  auto m = test::metadata();
  for (auto& part : m.parts) {
    part.state.keyed.clear();
    part.state.sinks.clear();
  }
  for (std::uint32_t i = 0; i < 2; ++i)
    m.parts[1 + 2 * i].state.channels = {
        handle(i, ChannelSide::received, {static_cast<int>(i)}, "numbers -> counts in turn")};
  for (const int parallelism : {1, 2, 5}) {
    job.options().parallelism = parallelism;
    const Plan plan = plan_of(job);
    std::vector<int> all;
    for (const auto& [subtask, own] : share_channels(plan, m).value()) {
      for (const int n : numbers_of(plan, subtask, own)) all.push_back(n);
    }
    std::sort(all.begin(), all.end());
    CHECK(all == std::vector<int>{0, 1});
  }
}

TEST_CASE("records to an operator that is inside a chain now go there", "[restore][unaligned]") {
  testing::TransactionLog<int> log;
  Job job{"copies", {.parallelism = 3}};
  job.source("numbers", test::numbers.source())
      .map("counts", [](const int& n) { return n + 100; })
      .sink("out", log.sink());
  checkpoint::CheckpointMetadata m{.job = "copies", .id = CheckpointId{7}};
  m.max_parallelism = 128;
  m.parts = {{"numbers", 0, {}}, {"counts", 0, {}}};
  m.parts[0].state.channels = {handle(0, ChannelSide::sent, {2}, "numbers -> counts in turn")};
  m.parts[1].state.channels = {handle(0, ChannelSide::received, {1}, "numbers -> counts in turn")};
  test::Bench bench{job, "numbers/0"};
  const Plan plan = plan_of(job, 128);
  const auto shares = share_channels(plan, m).value();
  REQUIRE(shares.size() == 1);
  const std::vector<ChannelShare>& own = shares.at({VertexId{0}, 0});
  CHECK_FALSE(own[0].edge);
  const RestoreOrder order{.restore = {.channels = own}, .directory = "/chk", .env = &bench.env()};
  bench.subtask().recover(read_channels(order, plan, {VertexId{0}, 0}).value());
  bench.start();
  bench.turn([](Subtask& s) { s.on_trigger({.id = CheckpointId{8}}); });
  bench.do_work();
  bench.turn([](Subtask& s) { s.on_completed(CheckpointId{8}, false); });
  bench.do_work();
  CHECK(log.committed() == std::vector<int>{101, 102});
}

TEST_CASE("records that have no place are refused, with both ways out, or given up",
          "[restore][unaligned]") {
  auto m = metadata({{1}, {2}}, {{3}, {4}});
  m.parts[0].state.channels[0].edge = "numbers -> gone by key";
  m.parts[1].state.channels[0].schema = "str";
  const Status refused =
      make_restore_plan(plan_of(count_job({.parallelism = 2})), m, true).status();
  CHECK(refused.code() == ErrorCode::failed_precondition);
  CHECK(mentions(refused.message(), "the job has no edge \"numbers -> gone by key\""));
  CHECK(mentions(refused.message(), "were written as str, now they are i32"));
  CHECK(mentions(refused.message(), "savepoint"));
  CHECK(mentions(refused.message(), "without-channel-state.checkpoint-id = 7"));
  JobOptions options{.parallelism = 2};
  options.checkpoint.without_channel_state = 7;
  const auto restore = make_restore_plan(plan_of(count_job(options)), m, true);
  REQUIRE(restore.ok());
  for (const auto& [subtask, part] : restore->subtasks) CHECK(part.channels.empty());
  options.checkpoint.without_channel_state = 6;  // of another checkpoint
  CHECK_FALSE(make_restore_plan(plan_of(count_job(options)), m, true).ok());
}

TEST_CASE("damaged records are noticed, and the place is named", "[restore][unaligned]") {
  const Plan plan = plan_of(count_job({.parallelism = 2}));
  const SubtaskId subtask{VertexId{1}, 0};
  base::MemoryEnv env;
  RestoreOrder order{.restore = {}, .directory = "/chk", .env = &env};
  ChannelStateHandle damaged = handle(0, ChannelSide::received, {1, 2, 3});
  SECTION("a bit") {
    damaged.inlined.back() = static_cast<char>(damaged.inlined.back() ^ 1);
    order.restore.channels = {{damaged, 1, 0, false}};
    const Status status = read_channels(order, plan, subtask).status();
    CHECK(status.code() == ErrorCode::corrupt);
    CHECK(mentions(status.message(), "/chk/_metadata"));
  }
  SECTION("records of something else") {
    state::StateFile file{env, "/never", 1 << 20};
    std::vector<ChannelStateHandle> handles{{.edge = kEdge, .receiver = 0}};
    REQUIRE(state::add_batch("no batch", file, handles[0]).ok());
    REQUIRE(file.finish().ok());
    state::place_in(file, "never", handles);
    order.restore.channels = {{handles[0], 1, 0, false}};
    const Status status = read_channels(order, plan, subtask).status();
    CHECK(status.code() == ErrorCode::corrupt);
    CHECK(mentions(status.message(), kEdge));
  }
  SECTION("no file") {
    damaged.path = "gone.channels";
    order.restore.channels = {{damaged, 1, 0, false}};
    CHECK(read_channels(order, plan, subtask).status().code() == ErrorCode::not_found);
  }
}

namespace {

class Sides final : public CoProcess<int, int, int> {
public:
  void on_first(const int&, const OperatorInfo&, Emit<int>&) override {}
  void on_second(const int&, const OperatorInfo&, Emit<int>&) override {}
};

/// A stream and itself, by two ways.
Job connected_with_itself(int readers) {
  Job job{"sides", {.parallelism = 2}};
  const auto numbers = job.source("numbers", testing::ReplayLog<int>{{}}.source());
  numbers.connect(numbers.rebalance())
      .process<Sides>("sides")
      .parallelism(readers)
      .sink("out", testing::TransactionLog<int>{}.sink());
  return job;
}

/// Whether what was on its way by an edge comes back by the second input.
bool is_for_second(const Plan& plan, const std::string& edge) {
  auto m = test::metadata();
  m.parts[0].state.channels = {handle(0, ChannelSide::sent, {1}, edge)};
  const auto shares = share_channels(plan, m);
  INFO(shares.status().message());
  REQUIRE(shares.ok());
  REQUIRE(shares->size() == 1);
  return plan.edges()[*shares->begin()->second.at(0).edge].is_second;
}

}  // namespace

TEST_CASE("records come back by the input that they were on their way to",
          "[restore][unaligned][connected]") {
  const Plan equal = plan_of(connected_with_itself(2));
  const Plan unequal = plan_of(connected_with_itself(3));
  CHECK(equal.edges()[0].name == "numbers -> sides");
  CHECK(equal.edges()[1].name == "numbers -> sides:second in turn");
  CHECK(unequal.edges()[0].name == "numbers -> sides in turn");
  CHECK(unequal.edges()[1].name == "numbers -> sides:second in turn");
  for (const Plan* plan : {&equal, &unequal}) {
    CHECK_FALSE(is_for_second(*plan, "numbers -> sides in turn"));
    CHECK(is_for_second(*plan, "numbers -> sides:second in turn"));
  }
}

TEST_CASE("several ways between two operators keep their numbers", "[restore][unaligned]") {
  Job job{"twice", {.parallelism = 2}};
  const auto numbers = job.source("numbers", testing::ReplayLog<int>{{}}.source());
  numbers.union_with(numbers)
      .map("same", [](int n) { return n; })
      .sink("out", testing::TransactionLog<int>{}.sink());
  const Plan plan = plan_of(job);
  CHECK(plan.edges()[1].name == "numbers -> same (2)");
  CHECK(plan.edges()[1].name_in_turn == "numbers -> same in turn (2)");
}
