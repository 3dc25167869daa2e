// What a leader leaves to the next one, as bytes and in a store.
#include "actors/cluster/job_keeper.hpp"
#include "base/memory_env.hpp"
#include "runtime/ha/directory_store.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::actors;

namespace {

JobRecord record_of(JobId id) {
  return {.id = id,
          .name = "count",
          .ticket = "ticket-" + std::to_string(id.value()),
          .directory = "/c/count",
          .spec = {.flags = {{"input", Bytes{"\0a", 2}}},
                   .settings = {{"--set", "key", "value"}},
                   .parallelism = 3,
                   .library = std::string(64, 'a')},
          .restore = {.from = runtime::RestoreRequest::From::path,
                      .path = "/c/count/chk-1",
                      .allow_non_restored = true},
          .origin = {.last_id_before = CheckpointId{7}, .is_rerun = true}};
}

/// A store whose leaders follow each other.
struct Cluster {
  base::MemoryEnv env;
  std::vector<std::unique_ptr<runtime::HaStore>> stores = {};
  std::vector<std::string> reasons = {};  // why leaders have stepped down

  JobKeeper next_leader() {
    REQUIRE(env.create_directories("/ha").ok());
    const std::string owner = "owner" + std::to_string(stores.size());
    stores.push_back(runtime::DirectoryStore::open(env, "/ha", "cluster", owner).value());
    runtime::HaStore& store = *stores.back();
    const auto newest = store.look(runtime::Viewer::candidate).value().newest;
    const LeaderEpoch epoch = store.claim("h:1", newest).value();
    return {store, epoch, [this](const std::string& why) { reasons.push_back(why); },
            base::silent_logger()};
  }
};

}  // namespace

TEST_CASE("records of jobs and results are read as they were written", "[ha]") {
  const JobRecord job = record_of(JobId{12});
  const auto read = decode_job_record(job.id, encode_record(job)).value();
  CHECK(read.id == job.id);
  CHECK(read.name == job.name);
  CHECK(read.ticket == job.ticket);
  CHECK(read.directory == job.directory);
  CHECK(read.spec == job.spec);
  CHECK(read.restore.from == job.restore.from);
  CHECK(read.restore.path == job.restore.path);
  CHECK(read.restore.allow_non_restored);
  CHECK(read.origin.last_id_before == job.origin.last_id_before);
  CHECK(read.origin.is_rerun);
  const ResultRecord result{
      JobId{12}, "count", "ticket", {runtime::JobOutcome::Kind::failed, "why"}};
  const auto ended = decode_result_record(result.id, encode_record(result)).value();
  CHECK(ended.name == "count");
  CHECK(ended.ticket == "ticket");
  CHECK(ended.outcome.kind == runtime::JobOutcome::Kind::failed);
  CHECK(ended.outcome.reason == "why");
  CHECK(decode_job_record(JobId{1}, "\xff").status().code() == ErrorCode::corrupt);
  CHECK(decode_result_record(JobId{1}, "\xff").status().code() == ErrorCode::corrupt);
  CHECK(job_id(record_id(JobId{12})).value() == JobId{12});
  CHECK(record_id(JobId{9}) < record_id(JobId{12}));
  CHECK(job_id("mine").status().code() == ErrorCode::corrupt);
}

TEST_CASE("a leader finds the jobs of the one before, sorted by what is to be done", "[ha]") {
  Cluster cluster;
  JobKeeper first = cluster.next_leader();
  for (std::uint64_t id = 1; id <= 3; ++id) REQUIRE(first.keep(record_of(JobId{id})).ok());
  for (std::uint64_t id = 2; id <= 3; ++id)
    REQUIRE(first.end({JobId{id}, "count", "", {runtime::JobOutcome::Kind::finished, ""}}).ok());
  REQUIRE(first.forget(JobId{3}).ok());
  const Inheritance found = cluster.next_leader().inherit().value();
  REQUIRE(found.to_run.size() == 1);
  CHECK(found.to_run[0].id == JobId{1});
  REQUIRE(found.to_clean_up.size() == 1);
  CHECK(found.to_clean_up[0].id == JobId{2});
  CHECK(found.ended.size() == 2);
  CHECK(cluster.reasons.empty());
}

TEST_CASE("a leader that was deposed stores nothing, and steps down", "[ha]") {
  Cluster cluster;
  JobKeeper first = cluster.next_leader();
  REQUIRE(first.keep(record_of(JobId{1})).ok());
  JobKeeper second = cluster.next_leader();
  CHECK(first.keep(record_of(JobId{2})).code() == ErrorCode::fenced);
  CHECK(first.end({JobId{1}, "count", "", {}}).code() == ErrorCode::fenced);
  REQUIRE(cluster.reasons.size() == 2);
  CHECK_THAT(cluster.reasons[0], Catch::Contains("a job cannot be stored"));
  CHECK_THAT(cluster.reasons[1], Catch::Contains("the result of job 1 cannot be stored"));
  CHECK(second.inherit()->to_run.size() == 1);
}

TEST_CASE("a result that nobody asks for goes, if its job has been cleaned up", "[ha]") {
  Cluster cluster;
  JobKeeper first = cluster.next_leader();
  REQUIRE(first.keep(record_of(JobId{1})).ok());
  for (std::uint64_t id = 1; id <= 3; ++id) REQUIRE(first.end({JobId{id}, "count", "", {}}).ok());
  for (std::uint64_t id = 1; id <= 2; ++id) first.drop_result(JobId{id});
  const Inheritance found = cluster.next_leader().inherit().value();
  REQUIRE(found.ended.size() == 2);
  CHECK(found.ended[0].id == JobId{1});  // or it would be run again
  CHECK(found.ended[1].id == JobId{3});
  CHECK(found.to_clean_up.size() == 1);
  first.drop_result(JobId{3});  // it leads no longer
  CHECK(cluster.next_leader().inherit()->ended.size() == 2);
  CHECK(cluster.reasons.empty());
}
