// User code that throws, in every place where it is called, and stores that lose transactions.
#include "test/support/count_job.hpp"

#include <weir/files.hpp>

#include <atomic>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::require_finish;

namespace {

/// How many times something throws before it works.
using Fuse = std::shared_ptr<std::atomic<int>>;

void burn(const Fuse& fuse, const char* what) {
  if (fuse->fetch_sub(1) > 0) throw std::runtime_error{what};
}

/// Throws in its constructor, but not when the job is checked.
class Fragile final : public KeyedProcess<int, int, test::Count> {
public:
  explicit Fragile(Fuse fuse) {
    if (fuse->load() >= 100) {
      fuse->fetch_sub(100);  // the check
      return;
    }
    burn(fuse, "cannot open");
  }
  void on_record(const int&, Ctx& ctx, Emit<test::Count>& out) override {
    const std::int64_t count = count_.value_or(0) + 1;
    count_.set(count);
    out({ctx.key(), count});
  }

private:
  ValueState<std::int64_t> count_{*this, "count"};
};

/// A reader of the numbers of a job that throws in one of its functions.
struct ReaderFaults {
  Fuse open = std::make_shared<std::atomic<int>>(0);
  Fuse poll = std::make_shared<std::atomic<int>>(0);
  Fuse position = std::make_shared<std::atomic<int>>(0);
};

class FaultyReader final : public SplitReader<int, int> {
public:
  FaultyReader(ReaderFaults faults, int next, int end)
      : faults_{std::move(faults)}, next_{next}, end_{end} {
    burn(faults_.open, "cannot open");
  }
  Poll poll(Emit<int>& out) override {
    if (next_ > end_ / 2) burn(faults_.poll, "cannot poll");
    for (int n = 0; n < 5 && next_ < end_; ++n) out(next_++);
    if (next_ == end_) return End{};
    return Later{10ms};
  }
  int position() const override {
    if (next_ > end_ / 2) burn(faults_.position, "cannot tell the position");
    return next_;
  }

private:
  ReaderFaults faults_;
  int next_;
  int end_;
};

/// Counts what goes by, and throws at the end.
class FaultyEnd final : public Process<int, int> {
public:
  explicit FaultyEnd(Fuse fuse) : fuse_{std::move(fuse)} {}
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override { out(n); }
  void on_end(Emit<int>&) override { burn(fuse_, "cannot end"); }

private:
  Fuse fuse_;
};

/// A transactional writer that throws or refuses in one of its functions.
struct Faults {
  Fuse write = std::make_shared<std::atomic<int>>(0);
  Fuse prepare = std::make_shared<std::atomic<int>>(0);
  Fuse persist = std::make_shared<std::atomic<int>>(0);
  Fuse throw_in_persist = std::make_shared<std::atomic<int>>(0);
  Fuse throw_in_commit = std::make_shared<std::atomic<int>>(0);
};

class FaultyWriter final : public TransactionalWriter<test::Count, std::string> {
public:
  using Log = testing::TransactionLog<test::Count>;
  FaultyWriter(Faults faults, std::unique_ptr<detail::SinkWriter> inner,
               std::unique_ptr<detail::Committer> committer)
      : faults_{std::move(faults)}, inner_{std::move(inner)}, committer_{std::move(committer)} {}

  void write(const test::Count& count) override {
    burn(faults_.write, "cannot write");
    detail::Batch<test::Count> batch;
    batch.records.push_back(count);
    inner_->consume(batch);
  }
  std::optional<std::string> prepare() override {
    burn(faults_.prepare, "cannot prepare");
    return inner_->prepare();
  }
  Status persist(const std::string&) override {
    burn(faults_.throw_in_persist, "persist throws");
    if (faults_.persist->fetch_sub(1) > 0) return {ErrorCode::unavailable, "cannot persist"};
    return {};
  }
  Status commit(const std::string& txn) override {
    burn(faults_.throw_in_commit, "commit throws");
    return committer_->commit(txn);
  }
  Status clean_up() override { return committer_->clean_up(); }

private:
  Faults faults_;
  std::unique_ptr<detail::SinkWriter> inner_;
  std::unique_ptr<detail::Committer> committer_;
};

Sink<test::Count> faulty(const Faults& faults, const testing::TransactionLog<test::Count>& log) {
  const auto factory = log.sink().factory();
  return make_sink([faults, factory](const WriterContext& context) {
    return std::make_unique<FaultyWriter>(faults, factory->make_writer(context),
                                          factory->make_committer(context));
  });
}

JobOptions options(int tolerable = 0) {
  return {.parallelism = 2,
          .checkpoint = {.every = 50ms, .tolerable_failures = tolerable},
          .restart = restart::fixed_delay({.attempts = 20, .delay = 10ms})};
}

Job faulty_job(const CountJob& count, const Faults& faults, JobOptions o = options()) {
  Job job{"count", o};
  job.source("numbers", count.input.source())
      .key_by([](int n) { return n % 7; })
      .count("counts")
      .sink("out", faulty(faults, count.output));
  return job;
}

}  // namespace

TEST_CASE("an exception fails the subtask with its text, and the job restarts", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  auto fuse = std::make_shared<std::atomic<int>>(3);
  Job job{"count", options()};
  job.source("numbers", count.input.source())
      .map("checked",
           [fuse](int n) {
             if (n == 300) burn(fuse, "bad record 300");
             return n;
           })
      .key_by([](int n) { return n % 7; })
      .count("counts")
      .sink("out", count.output.sink());
  auto run = cluster.start(job);
  require_finish(run);
  CHECK(run.restarts() == 3);
  CHECK(run.report().find("operator \"checked\": bad record 300") != std::string::npos);
  count.check_exactly_once();
}

TEST_CASE("a record that always fails ends the job when restarts are used up", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  Job job{"count",
          {.checkpoint = {.every = 50ms},
           .restart = restart::fixed_delay({.attempts = 2, .delay = 10ms})}};
  job.source("numbers", count.input.source())
      .map("checked",
           [](int n) {
             if (n == 300) throw std::runtime_error{"poison"};
             return n;
           })
      .key_by([](int n) { return n % 7; })
      .count("counts")
      .sink("out", count.output.sink());
  auto run = cluster.start(job);
  CHECK_FALSE(run.finish());
  REQUIRE(run.has_ended());
  CHECK(run.restarts() == 2);
  CHECK(run.report().find("poison (restart-strategy.fixed-delay.attempts = 2 are used up)") !=
        std::string::npos);
}

TEST_CASE("an operator that cannot be built fails the deployment, and is tried again", "[sim]") {
  testing::Cluster cluster{{.seed = 2}};
  CountJob count;
  auto fuse = std::make_shared<std::atomic<int>>(103);
  Job job{"count", options()};
  job.source("numbers", count.input.source())
      .key_by([](int n) { return n % 7; })
      .process<Fragile>("fragile", fuse)
      .sink("out", count.output.sink());
  auto run = cluster.start(job);
  require_finish(run);
  CHECK(run.restarts() >= 2);
  CHECK(run.report().find("operator \"fragile\": cannot open") != std::string::npos);
  count.check_exactly_once();
}

TEST_CASE("an exception in the synchronous part of a snapshot fails the task", "[sim]") {
  testing::Cluster cluster{{.seed = 3}};
  CountJob count;
  Faults faults;
  *faults.prepare = 2;
  auto run = cluster.start(faulty_job(count, faults));
  require_finish(run);
  CHECK(run.restarts() == 2);
  CHECK(run.report().find("operator \"out\": cannot prepare") != std::string::npos);
  count.check_exactly_once();
}

TEST_CASE("an error in the asynchronous part only declines the checkpoint", "[sim]") {
  testing::Cluster cluster{{.seed = 4}};
  CountJob count;
  Faults faults;
  *faults.persist = 2;
  auto run = cluster.start(faulty_job(count, faults, options(5)));
  require_finish(run);
  CHECK(run.restarts() == 0);
  CHECK(run.failed_checkpoints() >= 1);
  count.check_exactly_once();
}

TEST_CASE("what persists and commits may throw like everything else", "[sim]") {
  testing::Cluster cluster{{.seed = 4}};
  CountJob count;
  Faults faults;
  *faults.throw_in_persist = 1;
  auto run = cluster.start(faulty_job(count, faults, options(5)));
  REQUIRE(run.run_until_checkpoint(2));
  CHECK(run.restarts() == 0);
  CHECK(run.failed_checkpoints() == 1);
  *faults.throw_in_commit = 1;
  require_finish(run);
  CHECK(run.restarts() >= 1);
  CHECK(run.report().find("operator \"out\": commit failed: commit throws") != std::string::npos);
  count.check_exactly_once();
}

TEST_CASE("a reader that throws, wherever it does, is opened again where it was", "[sim]") {
  for (const char* where : {"open", "poll", "tell the position"}) {
    CAPTURE(where);
    testing::Cluster cluster{{.seed = 9}};
    CountJob count;
    ReaderFaults faults;
    const std::string place = where;
    *(place == "open" ? faults.open : place == "poll" ? faults.poll : faults.position) = 2;
    Job job{"count", options()};
    job.source("numbers", make_source([] { return std::vector<Split>{{"all"}}; },
                                      [&](const Split&, const std::optional<int>& position) {
                                        return std::make_unique<FaultyReader>(
                                            faults, position.value_or(0), count.shape.rows);
                                      }))
        .key_by([](int n) { return n % 7; })
        .count("counts")
        .sink("out", count.output.sink());
    auto run = cluster.start(job);
    require_finish(run);
    CHECK(run.restarts() == 2);
    CHECK(run.report().find("operator \"numbers\": cannot " + place) != std::string::npos);
    count.check_exactly_once();
  }
}

TEST_CASE("an operator that throws at the end of its input says it again after a restart",
          "[sim]") {
  testing::Cluster cluster{{.seed = 10}};
  CountJob count;
  const auto fuse = std::make_shared<std::atomic<int>>(2);
  Job job{"count", options()};
  job.source("numbers", count.input.source())
      .process<FaultyEnd>("checked", fuse)
      .key_by([](int n) { return n % 7; })
      .count("counts")
      .sink("out", count.output.sink());
  auto run = cluster.start(job);
  require_finish(run);
  CHECK(run.restarts() >= 1);
  CHECK(run.report().find("operator \"checked\": cannot end") != std::string::npos);
  count.check_exactly_once();
}

TEST_CASE("a writer that throws is replaced", "[sim]") {
  testing::Cluster cluster{{.seed = 5}};
  CountJob count;
  Faults faults;
  *faults.write = 3;  // both writers may throw in one execution
  auto run = cluster.start(faulty_job(count, faults));
  require_finish(run);
  CHECK(run.restarts() >= 2);
  count.check_exactly_once();
}

TEST_CASE("a store that is away when commits are due gets them later", "[sim]") {
  testing::Cluster cluster{{.seed = 6}};
  CountJob count;
  auto run = cluster.start(count.job());
  REQUIRE(run.run_until_checkpoint(2));
  count.output.fail_commits(3);
  require_finish(run);
  CHECK(run.restarts() >= 1);
  count.check_exactly_once();
}

TEST_CASE("transactions that the store has lost end the job, or are skipped on demand", "[sim]") {
  for (const auto policy : {LostTransactions::fail, LostTransactions::skip}) {
    for (const bool at_restore : {true, false}) {
      CAPTURE(static_cast<int>(policy), at_restore);
      testing::Cluster cluster{{.seed = 7}};
      CountJob count;
      auto run = cluster.start(count.job({.lost_transactions = policy}));
      REQUIRE(run.run_until_checkpoint(1));
      // Dies when a checkpoint has completed and nothing is committed; the store forgets meanwhile.
      run.at(testing::checkpoint(3), at_restore ? Phase::committing : Phase::completed)
          .kill(at_restore ? "coordinator" : "node");
      while (run.restarts() == 0) run.run_for(1ms);
      count.output.expire_prepared();
      const bool finished = run.finish();
      INFO(run.report());
      CHECK(run.has_ended());
      if (!at_restore)
        continue;  // the killed checkpoint was not complete: nothing was to be committed
      CHECK(finished == (policy == LostTransactions::skip));
      if (policy == LostTransactions::fail) {
        CHECK(run.restarts() == 1);
        CHECK(run.report().find("weir.sink.lost-transactions") != std::string::npos);
      }
    }
  }
}

TEST_CASE("a source that cannot be listed ends the job at once", "[sim]") {
  testing::Cluster cluster{{.seed = 8}};
  CountJob count;
  Job job{"count", options()};
  job.source("lines", files::lines("/missing/*.txt"))
      .map("key", [](const std::string& line) { return static_cast<int>(line.size()); })
      .key_by(std::identity{})
      .count("counts")
      .sink("out", count.output.sink());
  auto run = cluster.start(job);
  CHECK_FALSE(run.finish());
  REQUIRE(run.has_ended());
  CHECK(run.restarts() == 0);
  CHECK(run.report().find("operator \"lines\": no file matches /missing/*.txt") !=
        std::string::npos);
}
