// From a declared job to the plan that runs: validation, fusion, channels, fingerprint.
#include "runtime/graph/fingerprint.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/graph/validate.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace weir;
using namespace weir::runtime;

namespace {

using Count = std::pair<int, std::int64_t>;

testing::ReplayLog<int> numbers{{1, 2, 3}};
testing::TransactionLog<int> ints;
testing::TransactionLog<Count> counts;

template <class T>
class Forgetful final : public Writer<T> {
public:
  void write(const T&) override {}
};

template <class T>
Sink<T> at_least_once(Delivery delivery = Delivery::at_least_once) {
  return make_sink([](const WriterContext&) { return std::make_unique<Forgetful<T>>(); }, delivery);
}

std::string problems_of(const Job& job) {
  const auto problems = validate(*job.graph());
  return problems.empty() ? "" : format_problems(job.name(), problems);
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Job count_job(JobOptions options = {}) {
  Job job{"count", options};
  job.source("numbers", numbers.source())
      .map("same", [](int n) { return n; })
      .key_by(std::identity{})
      .count("counts")
      .sink("out", counts.sink());
  return job;
}

/// Declares state although its stream has no keys.
class Stateful final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override { out(n); }

private:
  ValueState<int> seen_{*this, "seen"};
};

class TwiceNamed final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int& n, Ctx&, Emit<int>& out) override { out(n); }

private:
  ValueState<int> a_{*this, "a"};
  ValueState<int> b_{*this, "a"};
};

/// Declares state that belongs to no key although its stream has keys.
class Keyless final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int& n, Ctx&, Emit<int>& out) override { out(n); }

private:
  OperatorListState<int> list_{*this, "list"};
};

/// Declares operator state, all of one name if `is_twice_named`.
class Keeping final : public Process<int, int> {
public:
  explicit Keeping(bool is_twice_named) : map_{*this, is_twice_named ? "list" : "map"} {}
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override { out(n); }

private:
  OperatorListState<int> list_{*this, "list"};
  BroadcastState<int, std::string> map_;
};

Job keeping_job(bool is_twice_named) {
  Job job{"keeping"};
  job.source("numbers", numbers.source())
      .process<Keeping>("keeping", is_twice_named)
      .sink("out", ints.sink());
  return job;
}

class Throwing final : public KeyedProcess<int, int, int> {
public:
  Throwing() { throw std::runtime_error{"no network"}; }
  void on_record(const int&, Ctx&, Emit<int>&) override {}
};

}  // namespace

TEST_CASE("a sound job has no problems", "[validate]") {
  CHECK(problems_of(count_job()).empty());
}

TEST_CASE("all problems are reported together, with operator and cure", "[validate]") {
  Job job{
      "bad name",
      {.parallelism = 4,
       .max_parallelism = 2,
       .checkpoint = {.every = std::chrono::seconds{1}, .retained = 0, .inline_threshold = -1}}};
  auto stream = job.source("numbers", numbers.source());
  stream.process<Stateful>("stateful").sink("numbers", ints.sink());
  stream.map("dead/end", [](int n) { return n; });
  stream.key_by(std::identity{}).process<TwiceNamed>("twice").sink("out", at_least_once<int>());
  stream.key_by(std::identity{}).process<Throwing>("throwing").sink("node", ints.sink());
  const std::string text = problems_of(job);
  INFO(text);
  CHECK(mentions(text, "the job's name \"bad name\""));
  CHECK(mentions(text, "operator \"numbers\": the name stands for 2 operators; give each"));
  CHECK(mentions(
      text, "\"stateful\": it declares the state \"seen\", but its input has no keys; put key_by"));
  CHECK(mentions(text, "cannot be \"dead/end\""));
  CHECK(mentions(text, "\"dead/end\": no operator uses its output; end the stream in a sink"));
  CHECK(mentions(text, "\"twice\": it declares two states named \"a\""));
  CHECK(mentions(text, "\"out\": the job promises exactly once"));
  CHECK(mentions(text, "AT_LEAST_ONCE"));
  CHECK(mentions(text, "\"throwing\": its constructor threw: no network"));
  CHECK(mentions(text, "\"node\": the name is reserved"));
  CHECK(mentions(text, "parallelism 4 is above the max parallelism 2"));
  CHECK(mentions(text, "execution.checkpointing.num-retained is below 1"));
  CHECK(mentions(text, "execution.checkpointing.data-inline-threshold is negative"));
}

TEST_CASE("a job without source, and options out of range, are refused", "[validate]") {
  CHECK(mentions(problems_of(Job{"empty"}), "the job has no source"));
  const auto with = [](JobOptions options) { return problems_of(count_job(options)); };
  CHECK(mentions(with({.parallelism = 0}), "its parallelism is 0"));
  CHECK(mentions(with({.max_parallelism = 40000}), "use 1 to 32768"));
  CHECK(mentions(with({.checkpoint = {.timeout = Duration{0}}}), "timeout is not above 0"));
  CHECK(mentions(with({.checkpoint = {.max_concurrent = 0}}), "max-concurrent-checkpoints"));
  CHECK(mentions(with({.checkpoint = {.write_retry = {.timeout = Duration{-1}}}}),
                 "write-retry.timeout is negative"));
  CHECK(mentions(with({.checkpoint = {.write_retry = {.initial_backoff = {}}}}),
                 "write-retry.initial-backoff is not above 0"));
  CHECK(mentions(with({.checkpoint = {.write_retry = {.max_backoff = Duration{1}}}}),
                 "write-retry.max-backoff is below write-retry.initial-backoff"));
  CHECK(mentions(with({.checkpoint = {.max_concurrent = 2, .regional = {.enabled = true}}}),
                 "region.enabled is true, but more than one"));
  CHECK(mentions(with({.checkpoint = {.regional = {.enabled = true, .max_failure_ratio = 1.5}}}),
                 "region.max-failure-ratio"));
  CHECK(mentions(with({.checkpoint = {.regional = {.enabled = true, .max_consecutive = 0}}}),
                 "region.max-consecutive-failures"));
  CHECK(mentions(with({.checkpoint = {.max_concurrent = 2, .unaligned = true}}),
                 "more than one checkpoint may be under way"));
  CHECK(mentions(with({.checkpoint = {.guarantee = Guarantee::at_least_once, .unaligned = true}}),
                 "promises at least once"));
  CHECK(mentions(with({.checkpoint = {.auto_interval = true}}), "has no first value"));
  CHECK(mentions(with({.checkpoint = {.aligned_timeout = Duration{-1}}}),
                 "aligned-checkpoint-timeout is negative"));
  CHECK(mentions(with({.checkpoint = {.without_channel_state = -1}}),
                 "without-channel-state.checkpoint-id is negative"));
  CHECK(mentions(with({.state = {.rocksdb = {.memory_bytes = 1 << 20}}}), "below 8 MiB"));
  CHECK(mentions(with({.state = {.rocksdb = {.write_buffer_ratio = 1}}}), "not between 0 and 1"));
  CHECK(mentions(with({.state = {.rocksdb = {.row_cache_bytes = -1}}}),
                 "row-cache-size is negative"));
  CHECK(mentions(with({.state = {.rocksdb = {.threads = 0}}}), "thread.num is below 1"));
  CHECK(mentions(with({.restart = restart::exponential({.multiplier = 1.0})}), "not above 1"));
  CHECK(mentions(with({.restart = restart::exponential({.jitter = 2.0})}), "0 to 1"));
  CHECK(mentions(with({.restart = restart::exponential({.attempts_before_reset = -1})}),
                 "attempts-before-reset-backoff is negative"));
  CHECK(mentions(with({.restart = restart::fixed_delay({.attempts = -1})}),
                 "fixed-delay.attempts is negative"));
  CHECK(mentions(with({.restart = restart::failure_rate({.max_failures = -1})}),
                 "failure-rate.max-failures-per-interval is negative"));
  CHECK(mentions(with({.network = {.batches_per_channel = 1}}), "below 2"));
  const auto debloat = [&](DebloatOptions options) {
    return with({.network = {.debloat = options}});
  };
  CHECK(mentions(debloat({.target = Duration{}}), "buffer-debloat.target is not above 0"));
  CHECK(mentions(debloat({.period = Duration{}}), "buffer-debloat.period is not above 0"));
  CHECK(mentions(debloat({.samples = 0}), "buffer-debloat.samples is not above 0"));
  CHECK(mentions(debloat({.threshold_percent = -1}), "threshold-percentages is not from 0 to 100"));
  CHECK(
      mentions(debloat({.threshold_percent = 101}), "threshold-percentages is not from 0 to 100"));
}

TEST_CASE("state of operators is for streams without keys, and has names of its own",
          "[validate][operator state]") {
  CHECK(problems_of(keeping_job(false)).empty());
  CHECK(mentions(problems_of(keeping_job(true)), "it declares two states named \"list\""));
  Job job{"keyless"};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .process<Keyless>("keyless")
      .sink("out", ints.sink());
  CHECK(mentions(problems_of(job),
                 "\"keyless\": it declares the operator state \"list\", but its input has keys; "
                 "declare keyed state, such as a ListState, or derive it from Process"));
}

TEST_CASE("repeated writes that do no harm are allowed", "[validate]") {
  Job job{"ok", {.checkpoint = {.every = std::chrono::seconds{1}}}};
  job.source("numbers", numbers.source()).sink("out", at_least_once<int>(Delivery::repeatable));
  CHECK(problems_of(job).empty());
  Job without{"ok"};
  without.source("numbers", numbers.source()).sink("out", at_least_once<int>());
  CHECK(problems_of(without).empty());
}

TEST_CASE("operators fuse along forward edges of equal parallelism", "[plan]") {
  const Job job = count_job({.parallelism = 2});
  const Plan plan = Plan::build(job.graph(), 0);
  REQUIRE(plan.vertices().size() == 2);
  CHECK(plan.vertices()[0].label == "numbers -> same");
  CHECK(plan.vertices()[1].label == "counts -> out");
  CHECK(plan.edges().size() == 1);
  CHECK(plan.edges()[0].partition == detail::Partition::hash);
  CHECK(plan.max_parallelism() == 128);
}

TEST_CASE("a change of parallelism cuts a chain and spreads the records", "[plan]") {
  Job job{"cut", {.parallelism = 2}};
  job.source("numbers", numbers.source()).parallelism(1).sink("out", ints.sink());
  const Plan plan = Plan::build(job.graph(), 0);
  REQUIRE(plan.vertices().size() == 2);
  CHECK(plan.edges()[0].partition == detail::Partition::rebalance);
}

TEST_CASE("a union of equally wide streams reads each by forward", "[plan]") {
  Job job{"union", {.parallelism = 3}};
  auto a = job.source("a", numbers.source());
  auto b = job.source("b", numbers.source()).parallelism(1);
  a.union_with(b).map("both", [](int n) { return n; }).sink("out", ints.sink());
  CHECK(problems_of(job).empty());
  const Plan plan = Plan::build(job.graph(), 0);
  REQUIRE(plan.vertices().size() == 3);
  CHECK(plan.edges()[0].partition == detail::Partition::forward);
  CHECK(plan.edges()[1].partition == detail::Partition::rebalance);
  const SubtaskId third{VertexId{2}, 2};
  const auto inputs = plan.inputs_of(third);
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].peer == SubtaskId{VertexId{0}, 2});
  CHECK(inputs[1].peer == SubtaskId{VertexId{1}, 0});
}

TEST_CASE("a stream that is used twice stays in one chain", "[plan]") {
  Job job{"fork"};
  auto stream = job.source("numbers", numbers.source());
  stream.map("left", [](int n) { return n; }).sink("l", ints.sink());
  stream.map("right", [](int n) { return n; }).sink("r", ints.sink());
  const Plan plan = Plan::build(job.graph(), 0);
  CHECK(plan.vertices().size() == 1);
}

TEST_CASE("both ends of every channel agree", "[plan]") {
  Job job{"wide", {.parallelism = 3}};
  auto a = job.source("a", numbers.source()).parallelism(2);
  auto b = job.source("b", numbers.source());
  a.broadcast()
      .union_with(b.rebalance())
      .map("m", [](int n) { return n; })
      .key_by(std::identity{})
      .count("c")
      .parallelism(5)
      .map("f", [](const Count& c) { return c.first; })
      .parallelism(5)
      .sink("out", ints.sink())
      .parallelism(5);
  CHECK(problems_of(job).empty());
  const Plan plan = Plan::build(job.graph(), 0);
  for (const SubtaskId subtask : plan.subtasks()) {
    const auto inputs = plan.inputs_of(subtask);
    for (std::uint32_t i = 0; i < inputs.size(); ++i) {
      const ChannelEnd back = plan.outputs_of(inputs[i].peer).at(inputs[i].at_peer.value());
      CHECK(back.peer == subtask);
      CHECK(back.at_peer == ChannelIndex{i});
    }
    const auto outputs = plan.outputs_of(subtask);
    for (std::uint32_t i = 0; i < outputs.size(); ++i) {
      const ChannelEnd back = plan.inputs_of(outputs[i].peer).at(outputs[i].at_peer.value());
      CHECK(back.peer == subtask);
      CHECK(back.at_peer == ChannelIndex{i});
    }
  }
}

TEST_CASE("a subtask is found by any of its operators", "[plan]") {
  const Job job = count_job({.parallelism = 2});
  const Plan plan = Plan::build(job.graph(), 0);
  CHECK(plan.find("counts/1") == SubtaskId{VertexId{1}, 1});
  CHECK(plan.find("out/1") == SubtaskId{VertexId{1}, 1});
  CHECK(plan.find("same/0") == SubtaskId{VertexId{0}, 0});
  for (const char* name : {"counts/2", "counts/x", "counts", "nobody/0", "counts/-1"})
    CHECK_FALSE(plan.find(name));
  CHECK(plan.name_of({VertexId{1}, 1}) == "counts/1");
}

TEST_CASE("max parallelism is Flink's default, or what was asked for", "[plan]") {
  CHECK(default_max_parallelism(1) == 128);
  CHECK(default_max_parallelism(85) == 128);
  CHECK(default_max_parallelism(86) == 256);
  CHECK(default_max_parallelism(30000) == 32768);
  CHECK(Plan::build(count_job().graph(), 7).max_parallelism() == 7);
}

TEST_CASE("the fingerprint changes with everything that nodes must agree on", "[plan]") {
  const auto of = [](const Job& job, std::uint32_t max = 0) {
    return fingerprint(Plan::build(job.graph(), max)).hash;
  };
  std::set<std::uint64_t> seen{of(count_job())};
  CHECK(seen.contains(of(count_job())));
  CHECK(seen.insert(of(count_job({.parallelism = 2}))).second);
  CHECK(seen.insert(of(count_job(), 64)).second);
  Job renamed{"count"};
  renamed.source("numbers", numbers.source())
      .map("renamed", [](int n) { return n; })
      .key_by(std::identity{})
      .count("counts")
      .sink("out", counts.sink());
  CHECK(seen.insert(of(renamed)).second);
}

TEST_CASE("the difference of two fingerprints names the first operator that is not the same",
          "[plan]") {
  const auto of = [](const Job& job) { return fingerprint(Plan::build(job.graph(), 0)); };
  const Fingerprint ours = of(count_job());
  CHECK(difference(ours, of(count_job())).empty());
  const std::string wider = difference(ours, of(count_job({.parallelism = 2})));
  CHECK(mentions(wider, "first difference: \"numbers\""));
  CHECK(mentions(wider, "parallelism 1"));
  CHECK(mentions(wider, "parallelism 2"));
  Fingerprint shorter = ours;
  shorter.hash += 1;
  shorter.operators.pop_back();
  CHECK(mentions(difference(ours, shorter), "nothing there"));
  CHECK(mentions(difference(shorter, ours), "nothing here"));
  Fingerprint other = ours;
  other.job = "another";
  CHECK(mentions(difference(ours, other), "\"another\" there"));
}

TEST_CASE("a plan can be drawn", "[plan]") {
  const Plan plan = Plan::build(count_job({.parallelism = 2}).graph(), 0);
  const std::string text = render(plan, GraphFormat::text);
  CHECK(mentions(text, "numbers -> same  x2"));
  CHECK(mentions(text, "from same by hash"));
  CHECK(mentions(text, "state counts/accumulator: i64 per i32"));
  CHECK(mentions(render(plan, GraphFormat::dot), "\"numbers\" -> \"counts\" [label=\"hash\"]"));
  CHECK(mentions(render(plan, GraphFormat::json), "\"partition\": \"hash\""));

  const Plan keeping = Plan::build(keeping_job(false).graph(), 0);
  CHECK(
      mentions(render(keeping, GraphFormat::text), "state keeping/map: (i32,str), broadcast map"));
  CHECK(mentions(render(keeping, GraphFormat::json), "\"kind\": \"operator list\""));
  CHECK(mentions(fingerprint(keeping).operators[1], "keeps list i32 as operator list"));
}
