// Sets a million event timers, each of a key of its own, and lets them fire, without an engine
// around: what one costs in time and memory. And whether a process function without timers pays for
// them: the same work as a lambda, which knows nothing of timers, is its ceiling.
#include "bench/harness.hpp"
#include "runtime/task/state_backends.hpp"

#include <weir/job.hpp>
#include <weir/weir.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace {

using weir::detail::Batch;
using weir::detail::Operator;

/// Sets a timer for a time that only the number knows.
class Alarms final : public weir::KeyedProcess<std::uint64_t, std::uint64_t, std::uint64_t> {
public:
  void on_record(const std::uint64_t& n, Ctx& ctx, weir::Emit<std::uint64_t>&) override {
    constexpr std::uint64_t kDay = 24 * 3600 * 1000;
    ctx.event_timers().at(weir::Timestamp{std::chrono::milliseconds{weir::mix(n) % kDay}});
  }
  void on_timer(weir::Timestamp, Ctx& ctx, weir::Emit<std::uint64_t>& out) override {
    out(ctx.key());
  }
};

class Sum final : public weir::KeyedProcess<std::uint64_t, std::uint64_t, std::uint64_t> {
public:
  void on_record(const std::uint64_t& n, Ctx&, weir::Emit<std::uint64_t>&) override {
    sum_.set(sum_.value_or(0) + n);
  }

private:
  weir::ValueState<std::uint64_t> sum_{*this, "sum"};
};

class Counter final : public weir::detail::BatchConsumer {
public:
  void consume(weir::detail::BatchBody& batch) override { records += batch.size(); }
  std::uint64_t records = 0;
};

/// One instance of an operator behind `key_by`, on all key groups. Null `backend`: in memory.
template <class AddOperator>
std::unique_ptr<Operator> make_operator(AddOperator add,
                                        weir::detail::StateBackend* backend = nullptr) {
  weir::Job job{"timers"};
  add(job.source("numbers", weir::make_source(
                                [] { return std::vector<weir::Split>{}; },
                                [](const weir::Split&, std::optional<int>) {
                                  return std::unique_ptr<weir::SplitReader<std::uint64_t, int>>{};
                                }))
          .key_by(std::identity{}));
  return job.graph()->operators[1].make({.info = {}, .key_groups = {0, 128}, .backend = backend});
}

/// Passes on `records` numbers below `keys`, each of them as often as the others.
void push(Operator& op, std::uint64_t keys, std::uint64_t records) {
  constexpr std::uint64_t kBatch = 1024;
  Batch<std::uint64_t> batch;
  for (std::uint64_t n = 0; n < records;) {
    batch.clear();
    for (std::uint64_t i = 0; i < kBatch && n < records; ++i, ++n) {
      batch.records.push_back(weir::mix(n) % keys);
      batch.hashes.push_back(weir::hash_of(batch.records.back()));
    }
    op.process(batch, 0, batch.size());
  }
}

struct Costs {
  double set_ns = 0;
  double fire_ns = 0;
  double bytes = 0;
};

/// Of each of so many timers.
Costs fire(std::uint64_t timers, weir::detail::StateBackend* backend = nullptr) {
  auto op =
      make_operator([](const auto& keyed) { keyed.template process<Alarms>("alarms"); }, backend);
  Counter out;
  op->connect(&out);
  Batch<std::uint64_t> batch;
  const double before = bench::allocated();
  const double set = bench::seconds([&] {
    for (std::uint64_t n = 0; n < timers;) {
      batch.clear();
      for (int i = 0; i < 1024 && n < timers; ++i) batch.records.push_back(n++);
      op->process(batch, 0, batch.size());
    }
  });
  const double held = bench::allocated() - before;
  const double fired = bench::seconds([&] {
    while (!op->advance_event_time(weir::Timestamp::max())) {
    }
  });
  bench::require(out.records == timers, "not each timer has fired once");
  const auto each = static_cast<double>(timers);
  return {set * 1e9 / each, fired * 1e9 / each, held / each};
}

/// Of the queue alone.
double queue_bytes(std::uint64_t timers, bool ascending) {
  const double before = bench::allocated();
  weir::detail::TimerQueue<std::uint64_t> queue;
  for (std::uint64_t n = 0; n < timers; ++n) {
    const std::uint64_t time = ascending ? n : weir::mix(n) >> 20;
    queue.insert(weir::Timestamp{std::chrono::milliseconds{time}}, weir::hash_of(n), n);
  }
  bench::require(queue.size() == timers, "a timer is missing");
  return (bench::allocated() - before) / static_cast<double>(timers);
}

void print_costs(const std::string& what, int repetitions, const std::function<Costs()>& measure) {
  bench::Figures set;
  bench::Figures fired;
  bench::Figures bytes;
  for (int i = 0; i < repetitions; ++i) {
    const Costs costs = measure();
    set.push_back(costs.set_ns);
    fired.push_back(costs.fire_ns);
    bytes.push_back(costs.bytes);
  }
  bench::print_figure(what + ": set one", "ns", set);
  bench::print_figure("the same: fire it", "ns", fired);
  bench::print_figure("the same: memory of one, with its row", "B", bytes);
}

/// With little memory for anything else, so that what timers take can be seen.
void print_in_rocksdb(const bench::Options& options) {
  const bench::TemporaryDirectory folder{options};
  weir::checkpoint::LocalDirectory local{weir::Env::posix(), folder.path(), "bench"};
  weir::runtime::StateBackends backends{&local};
  const auto backend =
      backends.make({.backend = weir::StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 32 << 20, .row_cache_bytes = 8 << 20}});
  for (const std::uint64_t millions : {1, 4}) {
    const auto timers = options.sized<std::uint64_t>(millions * 1'000'000, 20'000);
    print_costs(std::to_string(millions) + "e6 timers in RocksDB", options.repetitions(3),
                [&] { return fire(timers, backend.get()); });
  }
  local.remove();
}

double million_per_second(Operator& op, std::uint64_t keys, std::uint64_t records) {
  Counter out;
  op.connect(&out);
  return static_cast<double>(records) / 1e6 / bench::seconds([&] { push(op, keys, records); });
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(argc, argv, "Sets timers and lets them fire.");
  const auto timers = options.sized<std::uint64_t>(1'000'000, 20'000);
  const auto records = options.sized<std::uint64_t>(20'000'000, 20'000);
  constexpr std::uint64_t kKeys = 100'000;

  print_costs("1e6 timers of 1e6 keys", options.repetitions(5), [&] { return fire(timers); });
  bench::print_figure("its place in the queue, times at random", "B", {queue_bytes(timers, false)});
  bench::print_figure("the same, times that ascend", "B", {queue_bytes(timers, true)});

  print_in_rocksdb(options);

  const auto figures = bench::interleave(
      options.repetitions(9),
      {[&] {
         auto op = make_operator([](const auto& keyed) { keyed.template process<Sum>("sum"); });
         return million_per_second(*op, kKeys, records);
       },
       [&] {
         auto op = make_operator([](const auto& keyed) {
           keyed.process("sum", weir::value_state<std::uint64_t>("sum"),
                         [](const std::uint64_t& n, weir::ValueState<std::uint64_t>& sum,
                            weir::Emit<std::uint64_t>&) { sum.set(sum.value_or(0) + n); });
         });
         return million_per_second(*op, kKeys, records);
       }});
  bench::print_ratio("process function without timers", "M/s", figures[0], figures[1], 0.95);
}
