#include "base/files.hpp"
#include "base/paths.hpp"
#include "base/random.hpp"
#include "simulation/sim_env.hpp"
#include "test/support/collect.hpp"

#include <weir/files.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace weir;
using namespace weir::files;

namespace {

using Row = std::pair<std::string, int>;

/// A file sink driven by hand: one writer, one committer, as on one subtask.
struct Fixture {
  simulation::SimEnv env;
  test::StoppedClock clock;
  std::uint32_t attempt = 1;

  WriterContext context(bool is_restored = false) {
    return {{.job = "job", .name = "out", .subtask = 0, .parallelism = 1, .attempt = attempt},
            "run1",
            env,
            clock,
            is_restored};
  }
  std::unique_ptr<weir::detail::SinkWriter> writer(SinkOptions options = {}) {
    return csv<Row>("/out", options).factory()->make_writer(context());
  }
  std::unique_ptr<weir::detail::Committer> committer(bool is_restored = false,
                                                     SinkOptions options = {}) {
    return csv<Row>("/out", options).factory()->make_committer(context(is_restored));
  }
  /// As at a start of the job from a checkpoint.
  Status restore(const std::vector<Bytes>& transactions) {
    auto restored = committer(true);
    for (const Bytes& txn : transactions) {
      if (Status status = restored->commit(txn); !status.ok()) return status;
    }
    return restored->clean_up();
  }
  static void write(weir::detail::SinkWriter& writer, const std::vector<Row>& rows) {
    weir::detail::Batch<Row> batch;
    batch.records = rows;
    writer.consume(batch);
  }
  std::vector<std::string> names(bool hidden) {
    std::vector<std::string> names;
    for (const auto& entry : env.disk().list("/out").value()) {
      if ((entry.name[0] == '.') == hidden) names.push_back(entry.name);
    }
    return names;
  }
  std::string content() {
    std::string all;
    for (const auto& name : names(false))
      all += base::read_file(env.disk(), "/out/" + name).value();
    return all;
  }
};

}  // namespace

TEST_CASE("rows are invisible until they are committed, then whole", "[files]") {
  Fixture f;
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer();
  Fixture::write(*writer, {{"a", 1}, {"b,\"", 2}});
  CHECK(f.names(false).empty());
  const auto txn = writer->prepare();
  REQUIRE(txn);
  CHECK_FALSE(writer->unfinished());
  CHECK(f.names(false).empty());
  auto committer = f.committer();
  REQUIRE(committer->persist(*txn).ok());
  REQUIRE(committer->commit(*txn).ok());
  CHECK(f.names(true).empty());
  CHECK(f.content() == "a,1\n\"b,\"\"\",2\n");
  CHECK(committer->commit(*txn).ok());  // again is no error
  CHECK(f.content() == "a,1\n\"b,\"\"\",2\n");
}

TEST_CASE("a checkpoint without rows prepares nothing", "[files]") {
  Fixture f;
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer();
  CHECK_FALSE(writer->prepare());
  CHECK_FALSE(writer->unfinished());
  CHECK(f.names(true).empty());
}

TEST_CASE("files roll by size and carry a header", "[files]") {
  Fixture f;
  const SinkOptions options{.roll = {.bytes_max = 20}, .header = "k,v", .suffix = ".txt"};
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer(options);
  for (int i = 0; i < 10; ++i) Fixture::write(*writer, {{"key", i}});
  REQUIRE(f.committer()->commit(*writer->prepare()).ok());
  const auto names = f.names(false);
  CHECK(names.size() == 5);  // 4 bytes of header, 6 a row: two rows a file
  CHECK(names[0].ends_with(".txt"));
  CHECK(base::read_file(f.env.disk(), "/out/" + names[0]).value() == "k,v\nkey,0\nkey,1\n");
}

TEST_CASE("a file that stays open is closed when it is old", "[files]") {
  Fixture f;
  const SinkOptions options{.roll = {.on_checkpoint = false, .age_max = std::chrono::minutes{1}}};
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer(options);
  Fixture::write(*writer, {{"a", 1}});
  CHECK_FALSE(writer->prepare());
  f.clock.now += std::chrono::minutes{2};
  CHECK(writer->prepare());
}

TEST_CASE("what an open file held at the checkpoint is committed at a restore, and no more",
          "[files]") {
  Fixture f;
  const SinkOptions options{.roll = {.on_checkpoint = false}};
  REQUIRE(f.committer(false, options)->clean_up().ok());
  auto writer = f.writer(options);
  Fixture::write(*writer, {{"before", 1}});
  CHECK_FALSE(writer->prepare());
  const auto unfinished = writer->unfinished();
  REQUIRE(unfinished);
  REQUIRE(f.committer()->persist(*unfinished).ok());
  Fixture::write(*writer, {{"after", 2}});
  (void)writer->unfinished();  // flushes to the file
  f.attempt = 2;
  REQUIRE(f.restore({*unfinished}).ok());
  CHECK(f.content() == "before,1\n");
  CHECK(f.names(true).empty());
  REQUIRE(f.restore({*unfinished}).ok());  // a restore that is itself interrupted
  CHECK(f.content() == "before,1\n");
}

TEST_CASE("a restore commits what was prepared and removes what never will be", "[files]") {
  Fixture f;
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer();
  Fixture::write(*writer, {{"kept", 1}});
  const auto kept = writer->prepare();
  Fixture::write(*writer, {{"lost", 2}});
  REQUIRE(writer->prepare());
  Fixture::write(*writer, {{"open", 3}});
  f.attempt = 2;
  REQUIRE(f.restore({*kept}).ok());
  CHECK(f.content() == "kept,1\n");
  CHECK(f.names(true).empty());
}

TEST_CASE("only the sink's own hidden files are removed", "[files]") {
  Fixture f;
  REQUIRE(f.env.create_directories("/out").ok());
  test::write_file(f.env, "/out/.weir~job~out2~part-x", "other operator");
  test::write_file(f.env, "/out/.weir~job2~out~part-x", "other job");
  test::write_file(f.env, "/out/.weir~job~out~part-x", "own");
  test::write_file(f.env, "/out/notes.txt", "a user's");
  REQUIRE(f.committer()->clean_up().ok());
  CHECK(f.names(true).size() == 2);
  CHECK(f.names(false) == std::vector<std::string>{"notes.txt"});
}

TEST_CASE("results of another run are not mixed in, unless that is wanted", "[files]") {
  Fixture f;
  REQUIRE(f.env.create_directories("/out").ok());
  test::write_file(f.env, "/out/part-0-old-1-1.csv", "old\n");
  test::write_file(f.env, "/out/.weir~job~out~part-0-old-1-2.csv", "prepared\n");
  const Status status = f.committer()->clean_up();
  CHECK(status.code() == ErrorCode::already_exists);
  CHECK(status.message().find("/out holds results of another run") != std::string::npos);
  CHECK(status.message().find("--restore latest") != std::string::npos);
  CHECK(f.names(true).size() == 1);  // which that run needs to continue
  CHECK(f.committer(true)->clean_up().ok());
  CHECK(f.committer(false, {.existing = Existing::keep})->clean_up().ok());
  CHECK(f.content() == "old\n");
}

TEST_CASE("a prepared file that is gone is an error that names it", "[files]") {
  Fixture f;
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer();
  Fixture::write(*writer, {{"a", 1}});
  const auto txn = writer->prepare();
  REQUIRE(f.env.remove_file("/out/" + f.names(true)[0]).ok());
  const Status status = f.committer()->commit(*txn);
  CHECK(status.code() == ErrorCode::not_found);
  CHECK(status.message().find("/out/") != std::string::npos);
}

TEST_CASE("a full disk and a lost directory are reported, not swallowed", "[files]") {
  Fixture f;
  REQUIRE(f.committer()->clean_up().ok());
  auto writer = f.writer();
  f.env.inject({.on = simulation::DiskFault::On::create, .code = ErrorCode::out_of_space});
  CHECK_THROWS_WITH(Fixture::write(*writer, {{"a", 1}}), Catch::Contains("/out/"));
  Fixture::write(*writer, {{"a", 1}});
  f.env.inject({.on = simulation::DiskFault::On::append, .code = ErrorCode::out_of_space});
  CHECK_THROWS_WITH(writer->prepare(), Catch::Contains("/out/"));
  f.env.inject({.on = simulation::DiskFault::On::create, .code = ErrorCode::permission_denied});
  CHECK(f.committer()->clean_up().code() == ErrorCode::permission_denied);
}

TEST_CASE("a damaged transaction in a checkpoint is refused", "[files]") {
  Fixture f;
  CHECK(f.committer()->commit("garbage").code() == ErrorCode::corrupt);
  CHECK(f.committer()->persist("garbage").code() == ErrorCode::corrupt);
}

TEST_CASE("power may fail at any moment: committed rows stay, each once", "[files]") {
  // Writes, prepares, persists and commits three transactions; power fails before the n-th change
  // of the disk. Then a restore continues from the last transaction that was persisted.
  for (std::uint64_t n = 1; n < 60; ++n) {
    CAPTURE(n);
    Fixture f;
    base::Random random{n};
    REQUIRE(f.committer()->clean_up().ok());
    f.env.crash_before_change(n);
    std::vector<Bytes> checkpointed;  // what the newest complete checkpoint holds
    std::string expected;
    auto writer = f.writer();
    auto committer = f.committer();
    for (int i = 0; i < 3 && !f.env.has_crashed(); ++i) {
      try {
        Fixture::write(*writer, {{"row", i}});
        const auto txn = writer->prepare();
        if (!committer->persist(*txn).ok()) break;
        checkpointed = {*txn};
        expected += "row," + std::to_string(i) + "\n";
        if (!committer->commit(*txn).ok()) break;
        checkpointed.clear();
      } catch (const std::runtime_error&) {
        break;
      }
    }
    const bool crashed = f.env.has_crashed();
    f.env.restart(random);
    f.attempt = 2;
    REQUIRE(f.restore(checkpointed).ok());
    CHECK(f.content() == expected);
    CHECK(f.names(true).empty());
    if (!crashed) break;
  }
}
