// The log of a subtask's state: what each checkpoint writes of it, refers to, and leaves behind.
#include "runtime/task/change_log.hpp"

#include "base/files.hpp"
#include "runtime/graph/validate.hpp"
#include "test/runtime/logged_subject.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using test::kLog;
using test::Subject;
using test::Trace;
using test::with_log;

namespace {

using Names = std::set<std::string>;

/// Checkpoint 1 is written; 2 and 3, each with changes of its own, are under way at once.
void begin_two_tails(Subject& subject) {
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  subject.barrier(2);
  subject.count(5, 15);
  subject.barrier(3);
}

}  // namespace

TEST_CASE("a checkpoint writes what has changed since the one before", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  CHECK_FALSE(subject.take(1).has_log());
  subject.count(0, 10);
  const auto bytes = subject.take(2).written_bytes();
  CHECK(bytes > 0);
  CHECK(bytes < subject.handle(1).written_bytes() / 20);
  CHECK(subject.take(3).written_bytes() == 0);  // nothing has changed
  subject.count(5, 6);
  subject.count(1000, 1001);
  subject.take(4);
  CHECK(subject.files(kLog) == Names{"base-1", "tail-2", "tail-4"});
  CHECK(subject.files(Subject::directory(4)) == Names{"base-1", "tail-2", "tail-4"});
  for (std::uint64_t id = 1; id <= 4; ++id) subject.check(id);
}

TEST_CASE("each checkpoint has all it needs when the others are gone", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  subject.take(2);
  for (const std::string& gone : {Subject::directory(1), kLog})
    REQUIRE(base::remove_tree(subject.bench.env(), gone).ok());
  subject.check(2);
}

TEST_CASE("a checkpoint that comes to nothing leaves its tail to the next one", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  subject.barrier(2);
  const bool is_aborted = GENERATE(true, false);  // or nobody says so
  subject.settle();
  if (is_aborted) subject.bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{2}); });
  REQUIRE(base::remove_tree(subject.bench.env(), Subject::directory(2)).ok());
  subject.count(10, 20);
  subject.take(3);
  CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-2", "tail-3"});
  subject.check(3);
}

TEST_CASE("a tail that cannot be written is part of the next one", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  subject.barrier(2);
  subject.bench.disk().refuse(ErrorCode::out_of_space, 1);
  CHECK_THAT(subject.settle().back(), Catch::StartsWith("decline 2"));
  subject.count(10, 20);
  subject.take(3);
  CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-3"});
  subject.check(3);
}

TEST_CASE("a tail that cannot be written just now is written later, whole", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  subject.barrier(2);
  subject.bench.disk().refuse(ErrorCode::unavailable, 3);
  subject.count(0, 20);
  subject.settle();
  subject.check(2);
}

TEST_CASE("checkpoints under way at once are written against the same one", "[changelog]") {
  Subject subject;
  begin_two_tails(subject);
  subject.count(20, 21);
  subject.settle();
  CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-3"});
  subject.take(4);
  CHECK(subject.files(Subject::directory(4)) == Names{"base-1", "tail-3", "tail-4"});
  for (std::uint64_t id = 2; id <= 4; ++id) subject.check(id);
}

TEST_CASE("what is written against is the newest version, whoever ends first", "[changelog]") {
  Subject subject;
  begin_two_tails(subject);
  CHECK(subject.bench.do_newest_work() == Trace{"ack 3"});
  subject.count(20, 21);
  subject.settle();
  subject.take(4);
  CHECK(subject.files(Subject::directory(4)) == Names{"base-1", "tail-3", "tail-4"});
  for (std::uint64_t id = 2; id <= 4; ++id) subject.check(id);
}

TEST_CASE("files that a snapshot under way needs stay until it has them", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 1000);
  subject.barrier(2);
  CHECK(subject.bench.do_work() == Trace{"ack 2"});
  while (subject.bench.waiting_work() > 1) subject.bench.do_newest_work();
  subject.count(0, 3);
  subject.barrier(3);
  subject.bench.do_work();  // all rows of checkpoint 2 are written: base-1 and tail-2 may go soon
  while (subject.bench.waiting_work() > 1) subject.bench.do_newest_work();
  CHECK(subject.bench.do_work() == Trace{"ack 3"});
  CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-2", "tail-3"});
  subject.settle();
  CHECK(subject.files(kLog) == Names{"base.1-2", "tail-3"});
  subject.check(3);
}

TEST_CASE("when the log is as large as its base, all is written anew, beside checkpoints",
          "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 600);
  subject.take(2);
  CHECK(subject.files(kLog) == Names{"base-1", "tail-2"});
  subject.count(0, 600);
  subject.barrier(3);
  CHECK(subject.bench.do_work() == Trace{"ack 3"});  // which does not wait for the base
  subject.count(0, 5);
  subject.barrier(4);
  subject.settle();
  CHECK(subject.files(Subject::directory(4)) == Names{"base-1", "tail-2", "tail-3", "tail-4"});
  CHECK(subject.files(kLog) == Names{"base.1-3", "tail-4"});
  subject.count(5, 7);
  subject.take(5);
  CHECK(subject.files(Subject::directory(5)) == Names{"base.1-3", "tail-4", "tail-5"});
  for (std::uint64_t id = 1; id <= 5; ++id) subject.check(id);
}

TEST_CASE("when the base is old, all is written anew", "[changelog]") {
  Subject subject{with_log({.materialize_interval = 10min})};
  subject.count(0, 1000);
  subject.take(1);
  subject.bench.now() += 11min;
  subject.take(2);  // nothing has changed: the base is still all there is
  CHECK(subject.files(kLog) == Names{"base-1"});
  subject.count(0, 1);
  subject.take(3);
  CHECK(subject.files(kLog) == Names{"base.1-3"});
  subject.bench.now() += 9min;
  subject.count(0, 1);
  subject.take(4);
  CHECK(subject.files(kLog) == Names{"base.1-3", "tail-4"});
  subject.check(4);
}

TEST_CASE("a base of no rows has no file, and nothing is written against it", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.forget(0, 1000);
  subject.bench.now() += 11min;  // so that the base is too old
  subject.take(2);
  CHECK(subject.files(Subject::directory(2)) == Names{"base-1", "tail-2"});
  CHECK(subject.files(kLog).empty());
  subject.count(0, 10);
  subject.take(3);
  CHECK(subject.files(Subject::directory(3)) == Names{"base-3"});
  for (std::uint64_t id = 1; id <= 3; ++id) subject.check(id);
}

TEST_CASE("keys that are gone stay gone", "[changelog]") {
  Subject subject;
  subject.count(0, 1000);
  subject.take(1);
  subject.forget(0, 10);
  subject.take(2);
  subject.count(5, 6);
  subject.take(3);
  CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-2", "tail-3"});
  for (std::uint64_t id = 1; id <= 3; ++id) subject.check(id);
}

TEST_CASE("a base that cannot be written is tried again, so often and no more", "[changelog]") {
  Subject subject{with_log({.max_failures = 2})};
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 1000);
  subject.barrier(2);
  CHECK(subject.bench.do_work() == Trace{"ack 2"});
  SECTION("it goes well in the end") {
    subject.bench.disk().refuse(ErrorCode::out_of_space, 2);
    const Trace trace = subject.settle();
    CHECK(std::count_if(trace.begin(), trace.end(), [](const std::string& line) {
            return line.starts_with("write 2 again");
          }) == 2);
    CHECK(subject.files(kLog) == Names{"base.3-2"});
    subject.count(0, 3);
    subject.take(3);
    CHECK(subject.files(Subject::directory(3)) == Names{"base.3-2", "tail-3"});
    subject.check(3);
  }
  SECTION("checkpoints go on with the old one meanwhile") {
    subject.bench.disk().refuse(ErrorCode::out_of_space, 1);
    CHECK_THAT(subject.bench.do_work().at(0), Catch::StartsWith("write 2 again"));
    subject.count(0, 3);
    subject.barrier(3);
    subject.settle();
    CHECK(subject.files(Subject::directory(3)) == Names{"base-1", "tail-2", "tail-3"});
    subject.check(3);
  }
  SECTION("it fails the subtask") {
    subject.bench.disk().refuse(ErrorCode::out_of_space, 3);
    CHECK_THAT(subject.settle().back(),
               Catch::StartsWith("failed: counts") &&
                   Catch::Contains("state.changelog.max-failures-allowed"));
  }
}

TEST_CASE("little state is in the metadata, and has no log", "[changelog]") {
  JobOptions options = with_log();
  options.checkpoint.inline_threshold = 20'000;
  Subject subject{options};
  subject.count(0, 100);
  subject.take(1);
  subject.count(0, 10);
  CHECK_FALSE(subject.take(2).has_log());
  CHECK(subject.handle(2).path.empty());
  CHECK(subject.files(kLog).empty());
  subject.check(2);
  subject.count(0, 5000);  // now it is much
  CHECK_FALSE(subject.take(3).has_log());
  subject.count(0, 10);
  CHECK(subject.take(4).has_log());
  subject.check(4);
}

TEST_CASE("where files cannot have two names, all rows are written each time", "[changelog]") {
  Subject subject;
  subject.bench.disk().refuse_links(ErrorCode::failed_precondition);
  subject.count(0, 1000);
  subject.take(1);
  subject.count(0, 10);
  CHECK_FALSE(subject.take(2).has_log());
  CHECK(subject.handle(2).written_bytes() == subject.handle(1).written_bytes());
  CHECK(subject.bench.env().list(kLog)->empty());
  subject.check(1);
  subject.check(2);
}

TEST_CASE("links that are refused between two checkpoints end the log", "[changelog]") {
  Subject subject;
  begin_two_tails(subject);
  subject.bench.disk().refuse_links(ErrorCode::failed_precondition);
  subject.settle();
  for (std::uint64_t id = 2; id <= 3; ++id) {
    CHECK_FALSE(subject.handle(id).has_log());
    subject.check(id);
  }
  subject.take(4);
  CHECK_FALSE(subject.handle(4).has_log());
  CHECK(subject.bench.env().list(kLog)->empty());
  subject.check(4);
}

TEST_CASE("what an earlier attempt has left of its log goes, and nobody else's", "[changelog]") {
  base::MemoryEnv env;
  REQUIRE(env.create_directories(kLog).ok());
  for (const std::string name : {"a-1-2.state.base-3", "a-1-9.state.base-3", "a-1-10.state.base-3",
                                 "a-1-1-2.state.tail-3", "a-10-2.state.tail-3", "a-1-x"})
    REQUIRE(base::replace_file(env, kLog + "/" + name, "x").ok());
  remove_earlier_files({.env = &env, .directory = kLog, .owner = "a-1", .attempt = AttemptId{10}});
  std::vector<std::string> left;
  for (const auto& file : env.list(kLog).value()) left.push_back(file.name);
  CHECK(left == std::vector<std::string>{"a-1-1-2.state.tail-3", "a-1-10.state.base-3", "a-1-x",
                                         "a-10-2.state.tail-3"});
}

TEST_CASE("a log that makes no sense is refused with the cure", "[changelog]") {
  const auto problems = [](ChangelogOptions changelog, StateBackendType backend) {
    changelog.enabled = true;
    JobOptions options{.state = {.backend = backend, .changelog = changelog}};
    const testing::TransactionLog<test::Count> log;
    return format_problems("counts", validate(*test::counts(log, options).graph()));
  };
  CHECK(validate(*test::counts({}, with_log()).graph()).empty());
  CHECK_THAT(problems({}, StateBackendType::rocksdb),
             Catch::Contains("state.changelog.enabled") &&
                 Catch::Contains("set state.backend.type to hashmap"));
  CHECK_THAT(problems({.materialize_interval = 0ms}, StateBackendType::hashmap),
             Catch::Contains("state.changelog.periodic-materialize.interval"));
  CHECK_THAT(problems({.max_failures = -1}, StateBackendType::hashmap),
             Catch::Contains("state.changelog.max-failures-allowed"));
}

TEST_CASE("a base is due when the log is as large, the base old, or the segments many",
          "[changelog]") {
  const ChangelogOptions options{.enabled = true, .materialize_interval = 10min};
  const auto chain = [](std::uint64_t base, std::vector<std::uint64_t> tails) {
    state::KeyedStateHandle handle{.path = "base", .groups = {{0, 0, base}}};
    state::LogChain result = state::base_chain(CheckpointId{1}, {handle});
    for (std::size_t i = 0; i < tails.size(); ++i)
      result = state::extended(result, CheckpointId{i + 2},
                               {{.path = "tail", .groups = {{0, 0, tails[i]}}}});
    return result;
  };
  CHECK_FALSE(needs_base(chain(100, {50, 49}), 9min, options));
  CHECK(needs_base(chain(100, {50, 50}), 9min, options));
  CHECK(needs_base(chain(100, {1}), 10min, options));
  CHECK_FALSE(needs_base(chain(100, {}), 24h, options));
  CHECK_FALSE(needs_base(chain(1000, std::vector<std::uint64_t>(255, 1)), 0min, options));
  CHECK(needs_base(chain(1000, std::vector<std::uint64_t>(256, 1)), 0min, options));
}
