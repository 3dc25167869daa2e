// Launches: which checkpoint a job continues from, and what is done before its subtasks exist.
#include "runtime/job/launch.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "test/runtime/count_checkpoint.hpp"

#include <weir/job.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using test::Count;
using test::count_job;
using test::mentions;
using test::metadata;
using test::numbers;

namespace {

/// A storage in memory with helpers.
struct Place {
  explicit Place(const std::string& run = "run1")
      : storage{checkpoint::CheckpointStorage::open(env, "/c", "count", run).value()} {}
  /// The sinks of these checkpoints have nothing to commit unless `transactions` are kept.
  void publish(std::uint64_t id, checkpoint::CheckpointMetadata m, bool transactions = false) {
    for (auto& part : m.parts) {
      if (!transactions) part.state.sinks.clear();
    }
    const Epoch epoch = storage->begin_epoch().value().epoch;
    REQUIRE(storage->reserve(epoch, CheckpointId{id}).ok());
    m.id = CheckpointId{id};
    m.parts[1].state.keyed[0].inlined = "x";
    REQUIRE(storage->publish(epoch, m).ok());
  }
  Result<JobLaunch> launch_from(RestoreRequest request, const Job& job = count_job()) {
    return runtime::launch(job.graph(), *storage, request, base::silent_logger());
  }
  /// As another process that goes on with the run.
  JobLaunch go_on(const RestoreRequest& request, const RunOrigin& origin) {
    return runtime::launch(count_job().graph(), *storage, request, base::silent_logger(), origin)
        .value();
  }
  Result<Execution> begin(const JobLaunch& launch) {
    return begin_execution(
        launch, {*storage, env, Clock::system(), "run1", AttemptId{1}, base::silent_logger()});
  }

  base::MemoryEnv env;
  std::unique_ptr<checkpoint::CheckpointStorage> storage;
};

constexpr auto kLatest = RestoreRequest::From::latest;
constexpr auto kPath = RestoreRequest::From::path;

}  // namespace

TEST_CASE("a max parallelism that was chosen is adopted from the checkpoint", "[launch]") {
  Place place;
  auto m = metadata();
  m.max_parallelism = 256;
  for (auto& part : m.parts) {
    for (auto& handle : part.state.keyed) handle.max_parallelism = 256;
  }
  place.publish(1, m);
  CHECK(place.launch_from({.from = kLatest})->plan->max_parallelism() == 256);
  const auto fixed = place.launch_from({.from = kLatest}, count_job({.max_parallelism = 128}));
  CHECK(fixed.status().code() == ErrorCode::failed_precondition);
  const auto wide = place.launch_from({.from = kLatest}, count_job({.parallelism = 300}));
  CHECK(mentions(wide.status().message(), "lower the parallelism"));
}

TEST_CASE("latest is the newest checkpoint that can be read", "[launch]") {
  Place place;
  for (std::uint64_t id = 1; id <= 3; ++id) place.publish(id, metadata());
  auto file = place.env.create("/c/count/chk-3/_metadata").value();
  REQUIRE(file->append("damaged").ok());
  const auto launch = place.launch_from({.from = kLatest}).value();
  REQUIRE(launch.initial != nullptr);
  CHECK(launch.initial->id == CheckpointId{2});
  CHECK(launch.origin.last_id_before == CheckpointId{3});
  const auto execution = place.begin(launch).value();
  CHECK(execution.restored_from == CheckpointId{2});
  CHECK(execution.record.last_id == CheckpointId{3});
}

TEST_CASE("a checkpoint of a newer format is not skipped", "[launch]") {
  Place place;
  for (std::uint64_t id = 1; id <= 2; ++id) place.publish(id, metadata());
  Bytes bytes = base::read_file(place.env, "/c/count/chk-2/_metadata").value();
  bytes[8] = 9;
  auto file = place.env.create("/c/count/chk-2/_metadata").value();
  REQUIRE(file->append(bytes).ok());
  CHECK(place.launch_from({.from = kLatest}).status().code() == ErrorCode::failed_precondition);
}

TEST_CASE("latest without a checkpoint begins from the beginning", "[launch]") {
  Place place;
  const auto launch = place.launch_from({.from = kLatest}).value();
  CHECK(launch.initial == nullptr);
  CHECK_FALSE(launch.has_finished_before);
  const auto execution = place.begin(launch).value();
  CHECK_FALSE(execution.restored_from);
  CHECK(execution.restore.splits.at("numbers").size() == 2);
}

TEST_CASE("latest of a job that has finished has nothing to do, whatever was left behind",
          "[launch]") {
  Place place;
  place.publish(1, metadata());
  const Epoch epoch = place.storage->begin_epoch().value().epoch;
  REQUIRE(place.storage->mark_finished(epoch).ok());  // power fails before chk-1 is deleted
  const auto latest = place.launch_from({.from = kLatest}).value();
  CHECK(latest.has_finished_before);
  CHECK(latest.initial == nullptr);
  CHECK_FALSE(place.launch_from({}).value().has_finished_before);
  CHECK(place.launch_from({.from = kPath, .path = "/c/count/chk-1"}).value().initial != nullptr);
}

TEST_CASE("a job that has finished, runs again and dies early has not finished", "[launch]") {
  Place place;
  place.publish(1, metadata());
  const Epoch epoch = place.storage->begin_epoch().value().epoch;
  REQUIRE(place.storage->mark_finished(epoch).ok());  // power fails before chk-1 is deleted
  (void)place.begin(place.launch_from({}).value()).value();
  const auto latest = place.launch_from({.from = kLatest}).value();
  CHECK_FALSE(latest.has_finished_before);
  CHECK(latest.initial == nullptr);  // chk-1 is the end of the other run
}

TEST_CASE("a path must name a checkpoint", "[launch]") {
  Place place;
  place.publish(1, metadata());
  CHECK(place.launch_from({.from = kPath, .path = "/c/count/chk-1"}).ok());
  CHECK(place.launch_from({.from = kPath, .path = "/c/count/chk-1/_metadata"}).ok());
  CHECK(place.launch_from({.from = kPath, .path = "file:///c/count/chk-1"}).ok());
  const auto missing = place.launch_from({.from = kPath, .path = "/c/count"});
  CHECK(missing.status().code() == ErrorCode::not_found);
  CHECK(mentions(missing.status().message(), "--restore /c/count names no usable checkpoint"));
}

TEST_CASE("a job that begins afresh leaves the checkpoints of earlier runs alone", "[launch]") {
  Place place;
  place.publish(1, metadata());
  const auto launch = place.launch_from({}).value();
  const auto execution = place.begin(launch).value();
  CHECK_FALSE(execution.restored_from);
  CHECK(execution.retained.empty());
  CHECK(execution.record.last_id == CheckpointId{1});
}

TEST_CASE("what crashed executions left half done is deleted", "[launch]") {
  Place place;
  place.publish(1, metadata());
  const Epoch epoch = place.storage->begin_epoch().value().epoch;
  REQUIRE(place.storage->reserve(epoch, CheckpointId{2}).ok());
  auto file = place.env.create("/c/count/chk-2/counts-0-1.state").value();
  const auto launch = place.launch_from({.from = kLatest}).value();
  const auto execution = place.begin(launch).value();
  CHECK_FALSE(place.env.stat("/c/count/chk-2").ok());
  CHECK(execution.retained == std::vector<CheckpointId>{CheckpointId{1}});
}

TEST_CASE("transactions of the checkpoint are committed before anything runs", "[launch]") {
  Place place;
  testing::TransactionLog<Count> log;
  Job job{"count"};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .count("counts")
      .sink("out", log.sink());
  place.publish(1, metadata(), true);
  const auto launch =
      runtime::launch(job.graph(), *place.storage, {.from = kLatest}, base::silent_logger())
          .value();
  const auto execution = place.begin(launch);
  // The log has never heard of these transactions: its refusal must come out, named.
  CHECK(mentions(execution.status().message(),
                 "operator \"out\": transaction txn0 was never prepared"));
}

TEST_CASE("an exception of user code at the start is an error that names the operator",
          "[launch]") {
  Place place;
  Job job{"count"};
  job.source("bad",
             make_source([]() -> std::vector<Split> { throw std::runtime_error{"no such table"}; },
                         [](const Split&, const std::optional<int>&) {
                           return std::unique_ptr<SplitReader<int, int>>{};
                         }))
      .sink("out", make_sink([](const WriterContext&) {
              struct Null final : Writer<int> {
                void write(const int&) override {}
              };
              return std::make_unique<Null>();
            }));
  const auto launch = place.launch_from({}, job).value();
  CHECK(mentions(place.begin(launch).status().message(), "operator \"bad\": no such table"));
}

TEST_CASE("a part of an execution goes back to a checkpoint, and only its sinks commit",
          "[launch]") {
  Place place;
  testing::TransactionLog<Count> log;
  Job job{"count", {.parallelism = 2}};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .count("counts")
      .sink("out", log.sink());
  const auto launch =
      runtime::launch(job.graph(), *place.storage, {}, base::silent_logger()).value();
  (void)place.begin(launch).value();
  place.publish(1, metadata(), true);
  const SubtaskId source{VertexId{0}, 1};
  const SubtaskId counter{VertexId{1}, 1};
  const ExecutionContext context{*place.storage, place.env,    Clock::system(),
                                 "run1",         AttemptId{2}, base::silent_logger()};
  SECTION("sources alone have nothing to commit") {
    const auto part =
        begin_part(launch, context, {source}, {.checkpoint = CheckpointId{1}}).value();
    CHECK(part.restored_from == CheckpointId{1});
    CHECK(part.directory == "/c/count/chk-1");
    CHECK(part.subtasks.size() == 1);
    CHECK(part.positions.at(source).size() == 1);
  }
  SECTION("the log has never heard of these transactions, and says so of the right one") {
    const auto part = begin_part(launch, context, {counter}, {.checkpoint = CheckpointId{1}});
    CHECK(
        mentions(part.status().message(), "operator \"out\": transaction txn1 was never prepared"));
  }
  SECTION("what the execution began with was committed and handed out then") {
    const auto part =
        begin_part(launch, context, {source, counter}, {.directory = "/c/count/chk-1"}).value();
    CHECK(part.positions.empty());
    CHECK(part.subtasks.at(counter).keyed.size() == 1);
  }
  SECTION("an execution that began afresh begins afresh") {
    const auto part = begin_part(launch, context, {counter}, {}).value();
    CHECK_FALSE(part.restored_from);
    CHECK(part.directory.empty());
    CHECK(part.subtasks == std::map<SubtaskId, SubtaskRestore>{{counter, {}}});
  }
  SECTION("a checkpoint that is gone is an error") {
    const auto part = begin_part(launch, context, {counter}, {.checkpoint = CheckpointId{2}});
    CHECK(part.status().code() == ErrorCode::not_found);
  }
}

TEST_CASE("a part of an execution that restarts leaves what others write alone", "[launch]") {
  Place place;
  testing::TransactionLog<Count> log;
  Job job{"count"};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .count("counts")
      .sink("out", log.sink());
  const auto launch =
      runtime::launch(job.graph(), *place.storage, {}, base::silent_logger()).value();
  (void)place.begin(launch).value();
  place.publish(1, metadata());
  // Prepared, and not yet in any checkpoint: a clean-up would abort it.
  const WriterContext writer{
      {.job = "count", .name = "out", .subtask = 1, .parallelism = 2, .attempt = 1},
      "run1",
      place.env,
      Clock::system()};
  const auto sink = job.graph()->operators.back().sink;
  const auto other = sink->make_writer(writer);
  detail::Batch<Count> batch;
  batch.records.push_back({1, 1});
  other->consume(batch);
  const Bytes prepared = other->prepare().value();
  const ExecutionContext context{*place.storage, place.env,    Clock::system(),
                                 "run1",         AttemptId{2}, base::silent_logger()};
  REQUIRE(begin_part(launch, context, {{VertexId{1}, 0}}, {.checkpoint = CheckpointId{1}}).ok());
  CHECK(sink->make_committer(writer)->commit(prepared).ok());
  CHECK(log.committed().size() == 1);
}

TEST_CASE("a run is continued from its own newest checkpoint, or from where it began", "[launch]") {
  Place place;
  place.publish(1, metadata());
  const RestoreRequest from_path{.from = kPath, .path = "/c/count/chk-1"};
  const RunOrigin origin = place.launch_from({}).value().origin;
  CHECK(origin.last_id_before == CheckpointId{1});
  CHECK(place.go_on({}, origin).initial == nullptr);
  CHECK(place.go_on({.from = kLatest}, origin).initial->id == CheckpointId{1});
  CHECK(place.go_on(from_path, origin).initial->id == CheckpointId{1});
  place.publish(2, metadata());
  for (const RestoreRequest& request : {RestoreRequest{}, {.from = kLatest}, from_path}) {
    const auto launch = place.go_on(request, origin);
    CHECK(launch.initial->id == CheckpointId{2});
    CHECK(launch.origin.last_id_before == CheckpointId{1});
    CHECK(place.begin(launch)->restored_from == CheckpointId{2});
  }
}

TEST_CASE("a run that is continued has finished if it did, not if one before it did", "[launch]") {
  Place place;
  place.publish(1, metadata());
  REQUIRE(place.storage->mark_finished(place.storage->begin_epoch().value().epoch).ok());
  const auto launch = place.launch_from({}).value();
  CHECK(launch.origin.is_rerun);
  CHECK_FALSE(place.go_on({}, launch.origin).has_finished_before);
  (void)place.begin(launch).value();  // takes the note of the other run away
  CHECK_FALSE(place.go_on({}, launch.origin).has_finished_before);
  place.publish(2, metadata());
  CHECK_FALSE(place.go_on({}, launch.origin).has_finished_before);
  REQUIRE(place.storage->mark_finished(place.storage->begin_epoch().value().epoch).ok());
  CHECK(place.go_on({}, launch.origin).has_finished_before);
}
