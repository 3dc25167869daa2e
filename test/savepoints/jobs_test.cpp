// Jobs that begin with a savepoint that a program has written, and jobs that read one.
#include "base/files.hpp"
#include "base/random.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/collect.hpp"
#include "test/support/kill_matrix.hpp"

#include <weir/savepoints.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace std::chrono_literals;
using namespace weir;
using test::Count;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

const auto kCounts = savepoints::accumulators<std::int64_t>("accumulator");

JobOptions stored_in(const std::string& directory) {
  return {.checkpoint = {.every = 50ms, .storage = directory, .inline_threshold = 0}};
}

JobOptions on_rocksdb(JobOptions options) {
  options.state = {.backend = StateBackendType::rocksdb,
                   .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

void require_ok(const Status& status) {
  INFO(status.message());
  REQUIRE(status.ok());
}

/// Writes counts for a CountJob to begin with.
void write_counts(Env& env, const std::string& path, const std::map<int, std::int64_t>& counts,
                  const SavepointWriterOptions& options) {
  auto writer = SavepointWriter::create(path, options, env);
  require_ok(writer.status());
  auto rows = writer->keyed<int>("counts", kCounts);
  for (const auto& [key, count] : counts) rows.put(key, count);
  require_ok(writer->publish());
}

/// Each poll of an inner source that has more is followed by a pause, so that checkpoints come in
/// between.
template <class T>
Source<T> paced(const Source<T>& inner) {
  class Host final : public weir::detail::SplitHost {
  public:
    explicit Host(std::unique_ptr<weir::detail::SplitHost> host) : host_{std::move(host)} {}
    Status open(const Split& split, const std::optional<Bytes>& position,
                const SourceContext& context) override {
      return host_->open(split, position, context);
    }
    Poll poll(std::size_t index) override {
      const Poll answer = host_->poll(index);
      return std::holds_alternative<End>(answer) ? answer : Poll{Later{5ms}};
    }
    Bytes position(std::size_t index) const override { return host_->position(index); }
    bool is_backlog(std::size_t index) const override { return host_->is_backlog(index); }
    void close(std::size_t index) override { host_->close(index); }
    void connect(weir::detail::BatchConsumer* next) override { host_->connect(next); }
    void flush() override { host_->flush(); }
    std::uint64_t flushes() const override { return host_->flushes(); }
    std::uint64_t emitted() const override { return host_->emitted(); }

  private:
    std::unique_ptr<weir::detail::SplitHost> host_;
  };
  class Factory final : public weir::detail::SourceFactory {
  public:
    explicit Factory(std::shared_ptr<const weir::detail::SourceFactory> factory)
        : SourceFactory{factory->options()}, factory_{std::move(factory)} {}
    Result<std::vector<Split>> list(const SourceContext& context) const override {
      return factory_->list(context);
    }
    std::unique_ptr<weir::detail::SplitHost> make_host() const override {
      return std::make_unique<Host>(factory_->make_host());
    }
    std::string position_schema() const override { return factory_->position_schema(); }

  private:
    std::shared_ptr<const weir::detail::SourceFactory> factory_;
  };
  return Source<T>{std::make_shared<Factory>(inner.factory())};
}

/// Reads counts out of a savepoint, and passes on each as often as it was read, with its key.
struct ReadJob {
  Job job(const std::string& path, JobOptions options) const {
    options.parallelism = 2;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    Job job{"read", options};
    job.source("numbers", paced(savepoints::entries<int>(path, "counts", kCounts)))
        .key_by(&Count::first)
        .process("counts", value_state<std::int64_t>("times"),
                 [](const Count& count, ValueState<std::int64_t>& times, Emit<Row>& out) {
                   times.set(times.value_or(0) + 1);
                   out(Row{count.first, count.second, *times.get()});
                 })
        .sink("out", output.sink());
    return job;
  }

  struct Row {
    int key;
    std::int64_t count;
    std::int64_t times;
  };

  /// What was read; each key once, also after restarts.
  std::map<int, std::int64_t> read() const {
    std::map<int, std::int64_t> all;
    for (const Row& row : output.committed()) {
      CAPTURE(row.key);
      REQUIRE(row.times == 1);
      REQUIRE(all.emplace(row.key, row.count).second);
    }
    return all;
  }

  testing::TransactionLog<Row> output;
};

/// How many records of a CountJob a checkpoint counts, by the positions of its source.
std::int64_t records_before(Env& env, const std::string& path, std::uint64_t partitions) {
  const auto metadata = checkpoint::CheckpointStorage::load(env, path);
  require_ok(metadata.status());
  std::int64_t records = 0;
  for (const auto& part : metadata->parts) {
    for (const auto& source : part.state.sources) {
      for (const auto& split : source.splits) {
        if (!split.position) continue;
        ByteReader in{*split.position};
        const auto next = in.get<std::uint64_t>();
        records += static_cast<std::int64_t>((next - std::stoull(split.split.id)) / partitions);
      }
    }
  }
  return records;
}

std::int64_t sum_of(const std::map<int, std::int64_t>& counts) {
  std::int64_t sum = 0;
  for (const auto& [key, count] : counts) sum += count;
  return sum;
}

}  // namespace

TEST_CASE("a job finds every key of a written savepoint once, at any parallelism, on any backend",
          "[sim][savepoints][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count{{.rows = 900, .keys = 300}};
    std::map<int, std::int64_t> written;
    for (int key = 0; key < count.shape.keys; ++key) {
      if (random.below(4) != 0) written[key] = static_cast<std::int64_t>(random.below(1000));
    }
    const auto max = static_cast<std::uint32_t>(4 + random.below(200));
    write_counts(
        cluster.disk(), "/sp", written,
        {.max_parallelism = max, .parallelism = static_cast<std::uint32_t>(1 + random.below(4))});

    JobOptions options = seed % 3 == 0 ? stored_in("/chk") : on_rocksdb(stored_in("/chk"));
    options.parallelism = static_cast<int>(2 + random.below(3));
    auto run = cluster.start(count.job(options), {.restore_path = "/sp"});
    run.at(testing::checkpoint(2), Phase::acknowledged).kill("counts/1");
    require_finish(run);
    const auto committed = count.committed();
    REQUIRE(committed.size() == static_cast<std::size_t>(count.shape.keys));
    for (const auto& [key, counts] : committed) {
      CAPTURE(key);
      REQUIRE(counts.size() == count.expected(key));
      for (std::size_t i = 0; i < counts.size(); ++i)
        REQUIRE(counts[i] == written[key] + static_cast<std::int64_t>(i) + 1);
    }
    return figures_of(run);
  });
}

TEST_CASE("a job that reads a savepoint and is killed reads every key once",
          "[sim][savepoints][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    std::map<int, std::int64_t> written;
    for (int key = 0; key < 500; ++key) written[key] = key * key;
    const Figures all = test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
      write_counts(cluster.disk(), "/sp", written, {.max_parallelism = 64, .parallelism = 3});
      ReadJob reader;
      auto run = cluster.start(reader.job("/sp", stored_in("/chk")));
      run.at(testing::checkpoint(1 + seed), phase).kill(victim);
      require_finish(run);
      CHECK(reader.read() == written);
      CHECK(run.checkpoints() > 2);  // some were taken while it was read
      return figures_of(run);
    });
    CHECK(all.restarts > 20);
    return all;
  });
}

TEST_CASE("savepoints and checkpoints of both backends are read, and the sum is exact",
          "[sim][savepoints]") {
  for (const bool is_savepoint : {true, false}) {
    for (const bool is_rocksdb : {true, false}) {
      CAPTURE(is_savepoint, is_rocksdb);
      testing::Cluster cluster{{.seed = 11}};
      CountJob count{{.rows = 900, .keys = 200, .pace = {.rows_per_poll = 5, .pause = 10ms}}};
      std::string path;
      {
        const JobOptions options = stored_in("/chk");
        auto run = cluster.start(count.job(is_rocksdb ? on_rocksdb(options) : options));
        REQUIRE(run.run_until_checkpoint(3));
        path = is_savepoint ? run.savepoint("/sp").value() : "";
        run.crash();
      }
      if (!is_savepoint) {
        for (const DirectoryEntry& entry : cluster.disk().list("/chk/count").value()) {
          const std::string chk = "/chk/count/" + entry.name;
          if (cluster.disk().stat(chk + "/_metadata").ok()) path = chk;
        }
      }
      const auto opened = checkpoint::CheckpointStorage::load(cluster.disk(), path);
      require_ok(opened.status());
      CHECK(opened->parts.back().state.keyed.at(0).is_native() == (is_rocksdb && !is_savepoint));
      const std::int64_t records = records_before(cluster.disk(), path, count.shape.partitions);
      CHECK(records > 100);

      require_ok(savepoints::edit(path, "/copy", {}, cluster.disk()).status());
      for (const std::string& from : {path, std::string{"/copy"}}) {
        ReadJob reader;
        auto run = cluster.start(reader.job(from, stored_in("/read" + from)));
        run.at(testing::checkpoint(1), Phase::completed).kill("numbers/0");
        require_finish(run);
        CHECK(sum_of(reader.read()) == records);
      }
      // Who continues from the copy counts everything once, too.
      auto next = cluster.start(count.job(stored_in("/next")), {.restore_path = "/copy"});
      require_finish(next);
      count.check_rows();
    }
  }
}

TEST_CASE("a state is dropped out of files of RocksDB", "[sim][savepoints]") {
  testing::Cluster cluster{{.seed = 3}};
  const testing::ReplayLog<int> input{
      CountJob::numbers(900), 3, {.rows_per_poll = 5, .pause = 10ms}};
  testing::TransactionLog<int> output;
  JobOptions options = on_rocksdb(stored_in("/chk"));
  options.parallelism = 2;
  Job job{"two", options};
  job.source("numbers", input.source())
      .key_by([](int n) { return n % 50; })
      .process("states", value_state<std::int64_t>("count"), list_state<int>("all"),
               [](int n, ValueState<std::int64_t>& counted, ListState<int>& all, Emit<int>& out) {
                 counted.set(counted.value_or(0) + 1);
                 all.add(n);
                 out(n);
               })
      .sink("out", output.sink());
  auto run = cluster.start(job);
  REQUIRE(run.run_until_checkpoint(2));
  run.crash();
  std::string path;
  for (const DirectoryEntry& entry : cluster.disk().list("/chk/two").value()) {
    if (cluster.disk().stat("/chk/two/" + entry.name + "/_metadata").ok())
      path = "/chk/two/" + entry.name;
  }
  REQUIRE(checkpoint::CheckpointStorage::load(cluster.disk(), path)
              ->parts.back()
              .state.keyed.at(0)
              .is_native());
  std::vector<std::string> steps;
  require_ok(
      savepoints::edit(path, "/sp",
                       {.drop = {{"states", "all"}},
                        .rename = {{{"states"}, "counts"}, {{"states", "count"}, "accumulator"}}},
                       cluster.disk(), [&](const std::string& step) { steps.push_back(step); })
          .status());
  REQUIRE(steps.size() == 2);
  CHECK_THAT(steps[1], Catch::Contains("\"states\" anew") && Catch::Contains("part 2 of 2"));
  const auto opened = Savepoint::open("/sp", cluster.disk());
  require_ok(opened.status());
  const auto& names = opened->operators;
  const auto counts =
      std::find_if(names.begin(), names.end(), [](const auto& op) { return op.name == "counts"; });
  REQUIRE(counts != names.end());
  CHECK(counts->states.size() == 1);

  testing::TransactionLog<std::pair<int, std::int64_t>> read;
  Job reader{"read"};
  reader
      .source("entries",
              savepoints::entries<int>("/sp", "counts", value_state<std::int64_t>("accumulator")))
      .sink("out", read.sink());
  auto second = cluster.start(reader);
  require_finish(second);
  std::int64_t sum = 0;
  for (const auto& [key, value] : read.committed()) sum += value;
  CHECK(sum == records_before(cluster.disk(), path, 3));
}

TEST_CASE("an edited savepoint is what a job continues from", "[sim][savepoints]") {
  testing::Cluster cluster{{.seed = 5}};
  CountJob count;
  std::string path;
  {
    auto run = cluster.start(count.job(stored_in("/a")));
    REQUIRE(run.run_until_checkpoint(2));
    path = run.savepoint("/sp", StopMode::suspend).value();
    CHECK_FALSE(run.finish());
  }
  require_ok(savepoints::edit(path, "/renamed", {.rename = {{{"counts"}, "sums"}}}, cluster.disk())
                 .status());
  const auto refused = cluster.try_start(count.job(stored_in("/b")), {.restore_path = "/renamed"});
  CHECK_THAT(refused.status().message(), Catch::Contains("has no operator \"sums\""));
  require_ok(
      savepoints::edit("/renamed", "/again", {.rename = {{{"sums"}, "counts"}}}, cluster.disk())
          .status());
  auto next = cluster.start(count.job(stored_in("/b")), {.restore_path = "/again"});
  require_finish(next);
  count.check_exactly_once();
}

TEST_CASE("operators that were dropped begin anew", "[sim][savepoints]") {
  testing::Cluster cluster{{.seed = 6}};
  CountJob count;
  auto first = cluster.start(count.job(stored_in("/a")));
  REQUIRE(first.run_until_checkpoint(2));
  const std::string path = first.savepoint("/sp", StopMode::suspend).value();
  CHECK_FALSE(first.finish());
  const savepoints::Edits edits{.drop = {{"numbers"}, {"counts"}, {"out"}}};
  require_ok(savepoints::edit(path, "/new", edits, cluster.disk()).status());
  CountJob again;
  auto run = cluster.start(again.job(stored_in("/c")), {.restore_path = "/new"});
  require_finish(run);
  again.check_exactly_once();
}

TEST_CASE("a job computes the entries of a savepoint, each once", "[sim][savepoints]") {
  testing::Cluster cluster{{.seed = 9}};
  Env& disk = cluster.disk();
  const testing::ReplayLog<int> input{
      CountJob::numbers(900), 3, {.rows_per_poll = 5, .pause = 10ms}};
  JobOptions options = stored_in("/chk");
  options.parallelism = 2;
  options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
  Job job{"fill", options};
  job.source("numbers", input.source())
      .key_by([](int n) { return n % 60; })
      .count("counted", EmitResults::at_end)
      .sink("entries", savepoints::entry_files<Count>("/entries"));
  auto run = cluster.start(job);
  run.at(testing::checkpoint(2), Phase::acknowledged).kill("counted/1");
  require_finish(run);
  CHECK(run.restarts() == 1);

  auto writer = SavepointWriter::create("/sp", {.parallelism = 2}, disk);
  require_ok(writer.status());
  auto counts = writer->keyed<int>("counts", kCounts);
  require_ok(savepoints::put_all("file:///entries", counts, disk));
  auto others = writer->keyed<int>("others", value_state<std::string>("text"));
  const Status types = savepoints::put_all("/entries", others, disk);
  CHECK(types.code() == ErrorCode::failed_precondition);
  CHECK_THAT(types.message(), Catch::Contains("(i32,i64)") && Catch::Contains("(i32,str)"));
  CHECK(savepoints::put_all("/none", counts, disk).code() == ErrorCode::not_found);

  const std::string file = "/entries/" + disk.list("/entries").value().at(0).name;
  Bytes bytes = base::read_file(disk, file).value();
  bytes.pop_back();
  test::write_file(disk, file, bytes);
  CHECK_THAT(savepoints::put_all("/entries", counts, disk).message(),
             Catch::Contains(file + " is damaged"));
  test::write_file(disk, file, "word,count\n");
  CHECK(savepoints::put_all("/entries", counts, disk).code() == ErrorCode::corrupt);

  require_ok(writer->publish());

  const test::StoppedClock clock;
  const auto read = test::read_all(savepoints::entries<int>("/sp", "counts", kCounts),
                                   SourceContext{disk, clock, 1});
  CHECK(read.size() == 60);
  for (const auto& [key, count] : read) CHECK(count == 15);
}
