// What the leaders of earlier versions have left can be read for ever.
#include "actors/cluster/job_record.hpp"
#include "base/files.hpp"
#include "runtime/ha/ha_codec.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::actors;
using runtime::JobOutcome;
using runtime::RestoreRequest;

namespace {

const std::string kFolder = WEIR_GOLDEN "/records/first/";

const runtime::Leader kLeader{LeaderEpoch{7}, "10.0.0.1:6123"};
const runtime::Heartbeat kHeartbeat{
    .epoch = LeaderEpoch{7}, .count = 300, .holds_lock = true, .has_resigned = true};

JobRecord job() {
  return {.id = JobId{12},
          .name = "count",
          .ticket = "ticket",
          .directory = "/checkpoints/count",
          .spec = {.flags = {{"input", Bytes{"\0a", 2}}, {"output", "/out"}},
                   .settings = {{"--set", "key", "value"}},
                   .parallelism = 3,
                   .library = std::string(64, 'a')},
          .restore = {.from = RestoreRequest::From::path,
                      .path = "/savepoints/savepoint-1",
                      .allow_non_restored = true},
          .origin = {.last_id_before = CheckpointId{7}, .is_rerun = true}};
}

ResultRecord result() {
  return {JobId{12}, "count", "ticket", {JobOutcome::Kind::failed, "why"}};
}

Bytes read(const char* name) {
  auto bytes = base::read_file(Env::posix(), kFolder + name);
  INFO(bytes.status().message());
  REQUIRE(bytes.ok());
  return std::move(bytes).value();
}

}  // namespace

TEST_CASE("records of a leader that earlier versions have written are read", "[ha][golden]") {
  CHECK(runtime::decode_leader(read("leader")).value() == kLeader);
  CHECK(runtime::decode_heartbeat(read("heartbeat")).value() == kHeartbeat);

  const JobRecord wanted = job();
  const auto found = decode_job_record(wanted.id, runtime::decode_job(read("job")).value()).value();
  CHECK(found.name == wanted.name);
  CHECK(found.ticket == wanted.ticket);
  CHECK(found.directory == wanted.directory);
  CHECK(found.spec == wanted.spec);
  CHECK(found.restore.from == wanted.restore.from);
  CHECK(found.restore.path == wanted.restore.path);
  CHECK(found.restore.allow_non_restored);
  CHECK(found.origin.last_id_before == wanted.origin.last_id_before);
  CHECK(found.origin.is_rerun);

  const auto ended =
      decode_result_record(JobId{12}, runtime::decode_result(read("result")).value()).value();
  CHECK(ended.name == result().name);
  CHECK(ended.ticket == result().ticket);
  CHECK(ended.outcome.kind == result().outcome.kind);
  CHECK(ended.outcome.reason == result().outcome.reason);
}

TEST_CASE("write records of a leader as this version does", "[.golden-write]") {
  Env& env = Env::posix();
  REQUIRE(env.create_directories(kFolder).ok());
  const std::pair<const char*, Bytes> records[] = {
      {"leader", runtime::encode_leader(kLeader)},
      {"heartbeat", runtime::encode_heartbeat(kHeartbeat)},
      {"job", runtime::encode_job(encode_record(job()))},
      {"result", runtime::encode_result(encode_record(result()))}};
  for (const auto& [name, bytes] : records) {
    CHECK_FALSE(env.stat(kFolder + name).ok());  // files are only added
    REQUIRE(base::replace_file(env, kFolder + name, bytes).ok());
  }
}
