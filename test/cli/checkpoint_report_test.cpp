// How checkpoints are shown.
#include "cli/checkpoint_report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::cli;
using Catch::Contains;
using checkpoint::CheckpointKind;

namespace {

runtime::CheckpointStatistics statistics() {
  runtime::CheckpointHistory history;
  history.add({.id = CheckpointId{7},
               .kind = CheckpointKind::periodic,
               .triggered_at = WallTime{1'767'225'599s},
               .duration = 1500us,
               .subtasks = 2,
               .answers = {{"lines/0", {.start_delay = 1ms, .bytes = 2048}, 4096},
                           {"counts/0",
                            {.alignment = 1250us,
                             .async = 12s,
                             .bytes = 1024,
                             .overtaken_bytes = 512,
                             .write_retries = 2},
                            1024}},
               .write_retries = 3});
  history.add({.id = CheckpointId{8},
               .kind = CheckpointKind::savepoint,
               .failure = "it took longer than 1 s; no answer from counts/0",
               .duration = 1s,
               .subtasks = 2,
               .answers = {}});
  return history.statistics();
}

std::string line_with(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("a table shows what is usual and the last checkpoints", "[cli][history]") {
  const std::string text = describe_checkpoints("word-count", statistics());
  CHECK_THAT(text, Contains("job \"word-count\": 1 checkpoints complete, 1 failed, 0 savepoints"));
  CHECK_THAT(line_with(text, "async "), Contains("p99.9") || Contains("12.0 s"));
  CHECK_THAT(line_with(text, "2025-12-31 23:59:59 UTC"),
             Contains("7  ") && Contains("1.5 ms") && Contains("2/2") && Contains("3.0 KiB") &&
                 Contains("5.0 KiB") && Contains("1.2 ms") && Contains("complete"));
  CHECK_THAT(line_with(text, "savepoint "),
             Contains("not triggered") && Contains("0/2") &&
                 Contains("failed: it took longer than 1 s; no answer from counts/0"));
  CHECK(text.find("7  ") > text.find("8  "));  // the newest first
  CHECK(describe_checkpoints("new", {}) ==
        "job \"new\": 0 checkpoints complete, 0 failed, 0 savepoints\n");
}

TEST_CASE("one checkpoint is shown subtask by subtask", "[cli][history]") {
  const std::string text = describe_checkpoint(statistics(), CheckpointId{7}).value();
  CHECK_THAT(line_with(text, "lines/0"), Contains("2.0 KiB") && Contains("4.0 KiB"));
  CHECK_THAT(line_with(text, "counts/0"),
             Contains("1.0 KiB") && Contains("512 B") && Contains("12.0 s"));
  const Status unknown = describe_checkpoint(statistics(), CheckpointId{5}).status();
  CHECK(unknown.code() == ErrorCode::not_found);
  CHECK_THAT(unknown.message(), Contains("checkpoint 5") && Contains(": 8, 7"));
  CHECK_THAT(describe_checkpoint({}, CheckpointId{5}).status().message(), Contains("none has"));
}

TEST_CASE("what is under way stands first, with who has not answered and why", "[cli][history]") {
  runtime::CheckpointStatistics all = statistics();
  all.under_way.push_back({.id = CheckpointId{17},
                           .triggered_at = WallTime{1'767'225'600s},
                           .duration = 4s,
                           .subtasks = 5,
                           .answers = {{"lines/0", {}, 10}},
                           .waits_on = "lines/0 -> counts/0: it takes its time",
                           .is_under_way = true,
                           .missing = {"counts/0", "counts/1", "out/0", "out/1"}});
  all.entries[1].waits_on = "out/0: it wrote";
  const std::string text = describe_checkpoints("word-count", all);
  CHECK_THAT(line_with(text, "under way"),
             Contains("17  ") && Contains("4000.0 ms") && Contains("1/5") &&
                 Contains("under way; no answer from counts/0, counts/1, out/0 and 1 more; waits "
                          "on lines/0 -> counts/0: it takes its time"));
  CHECK(text.find("17  ") < text.find("8  "));
  CHECK_THAT(line_with(text, "complete;"),
             Contains("complete; it waited on out/0: it wrote; writes tried again: 3"));
  const std::string one = describe_checkpoint(all, CheckpointId{17}).value();
  CHECK_THAT(line_with(one, "out/1"), Contains("no answer yet"));
  CHECK_THAT(describe_checkpoint(all, CheckpointId{5}).status().message(), Contains(": 17, 8, 7"));

  const auto json = nlohmann::json::parse(checkpoints_json("word-count", all));
  REQUIRE(json["under_way"].size() == 1);
  CHECK(json["under_way"][0]["status"] == "under way");
  CHECK(json["under_way"][0]["waits_on"] == "lines/0 -> counts/0: it takes its time");
  CHECK(json["under_way"][0]["missing"].size() == 4);
  CHECK(json["last"][1]["waits_on"] == "out/0: it wrote");
}

TEST_CASE("programs read the same as JSON", "[cli][history]") {
  const auto json = nlohmann::json::parse(checkpoints_json("word-count", statistics()));
  CHECK(json["job"] == "word-count");
  CHECK(json["completed"] == 1);
  CHECK(json["failed"] == 1);
  CHECK(json["usual"]["duration"]["p99.9"] == 1.5);
  CHECK(json["usual"]["written"]["most"] == 3072);
  REQUIRE(json["last"].size() == 2);
  CHECK(json["last"][0]["status"] == "failed");
  CHECK_THAT(json["last"][0]["failure"].get<std::string>(), Contains("no answer from"));
  const auto& complete = json["last"][1];
  CHECK(complete["id"] == 7);
  CHECK(complete["triggered_at_ms"] == 1'767'225'599'000);
  CHECK(complete["duration_ms"] == 1.5);
  CHECK(complete["state_bytes"] == 5120);
  CHECK(complete["overtaken_bytes"] == 512);
  CHECK(complete["write_retries"] == 3);
  REQUIRE(complete["answers"].size() == 2);
  CHECK(complete["answers"][1]["subtask"] == "counts/0");
  CHECK(complete["answers"][1]["alignment_ms"] == 1.25);
  CHECK(complete["answers"][1]["write_retries"] == 2);
  CHECK(complete["answers"][1]["async_ms"] == 12'000.0);
}

TEST_CASE("a checkpoint without some regions says without whom, and what it has of them",
          "[cli][history][regional]") {
  runtime::CheckpointHistory history;
  history.add({.id = CheckpointId{4}, .duration = 1ms, .subtasks = 2, .answers = {}});
  history.add({.id = CheckpointId{5},
               .duration = 1ms,
               .subtasks = 4,
               .answers = {{"in/0", {}, 1}, {"out/0", {}, 1}},
               .left_out = {"in/1", "out/1"},
               .taken_from = CheckpointId{3}});
  const std::string text = describe_checkpoints("lanes", history.statistics());
  CHECK_THAT(text, Contains("2 checkpoints complete (1 without some regions), 0 failed"));
  CHECK_THAT(line_with(text, "2/4"), Contains("complete with in/1, out/1 as in checkpoint 3"));
  const auto json = nlohmann::json::parse(checkpoints_json("lanes", history.statistics()));
  CHECK(json["regional"] == 1);
  CHECK(json["last"][0]["left_out"] == std::vector<std::string>{"in/1", "out/1"});
  CHECK(json["last"][0]["taken_from"] == 3);
  CHECK_FALSE(json["last"][1].contains("left_out"));
}
