// All subtasks of an operator with state without keys, which die, are restored and change their
// number at random: what they have said up to the last complete checkpoint, and behind it, is
// exactly right.
#include "base/random.hpp"
#include "runtime/job/restore.hpp"
#include "runtime/task/operator_restore.hpp"
#include "test/runtime/subtask_bench.hpp"
#include "test/support/keeping_operators.hpp"

#include <weir/sink.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using test::Bench;

namespace {

constexpr int kNumbers = 400;

/// Rows by subtask that were written since its last barrier.
template <class T>
using Written = std::map<std::uint32_t, std::vector<T>>;

template <class T>
class SharedWriter final : public Writer<T> {
public:
  explicit SharedWriter(std::vector<T>& rows) : rows_{rows} {}
  void write(const T& row) override { rows_.push_back(row); }

private:
  std::vector<T>& rows_;
};

/// Deals the numbers to the subtasks, and plays coordinator and transactional sink.
template <class P>
class Operation {
  using Out = typename P::out_type;

public:
  Operation(std::uint64_t seed, bool broadcasts) : random_{seed}, broadcasts_{broadcasts} {
    begin(2);
  }

  void run() {
    while (next_ < kNumbers) {
      switch (random_.below(8)) {
        case 0: take_checkpoint(false); break;
        case 1: take_checkpoint(true); break;
        case 2: begin(parallelism_); break;  // all die, and are restored
        case 3: begin(static_cast<std::uint32_t>(1 + random_.below(5))); break;
        default: deal(static_cast<int>(1 + random_.below(15)));
      }
    }
    for (auto& bench : benches_) bench->push(0, EndOfData{});
    for (const auto& [subtask, rows] : *written_)
      committed_.insert(committed_.end(), rows.begin(), rows.end());
  }

  const std::vector<Out>& committed() const { return committed_; }
  int parallelism() const { return static_cast<int>(parallelism_); }
  int restored() const { return restored_; }

private:
  Job job() const {
    Job job{"job"};
    const auto numbers = job.source("numbers", testing::ReplayLog<int>{{}}.source()).parallelism(1);
    const int n = parallelism();
    (broadcasts_ ? numbers.broadcast() : numbers.rebalance())
        .template process<P>("op")
        .parallelism(n)
        .sink("out",
              make_sink(
                  [written = written_](const WriterContext& context) {
                    return std::make_unique<SharedWriter<Out>>((*written)[context.info.subtask]);
                  },
                  Delivery::repeatable))
        .parallelism(n);
    return job;
  }

  /// Begins with the newest checkpoint, if there is one.
  void begin(std::uint32_t parallelism) {
    benches_.clear();
    written_ = std::make_shared<Written<Out>>();
    parallelism_ = parallelism;
    next_ = position_;
    const Job job = this->job();
    const Plan plan = Plan::build(job.graph(), 128);
    RestorePlan restore = make_restore_plan(plan, metadata_, false).value();
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      benches_.push_back(std::make_unique<Bench>(job, "op/" + std::to_string(i)));
      Subtask& subtask = benches_.back()->subtask();
      const RestoreOrder order{.restore = restore.subtasks.at({VertexId{1}, i})};
      REQUIRE(read_operator_states(order, subtask.operator_states()).ok());
      restored_ += detail::is_restored({subtask.operator_states()[0].state}) ? 1 : 0;
      benches_.back()->start();
    }
  }

  void deal(int count) {
    for (; count != 0 && next_ < kNumbers; --count, ++next_) {
      if (!broadcasts_) {
        benches_[random_.below(parallelism_)]->push(0, std::vector<int>{next_});
        continue;
      }
      for (auto& bench : benches_) bench->push(0, std::vector<int>{next_});
    }
  }

  /// If it is `lost` nothing comes of it.
  void take_checkpoint(bool lost) {
    checkpoint::CheckpointMetadata metadata{.job = "job", .id = CheckpointId{++last_id_}};
    metadata.max_parallelism = 128;
    const int position = next_;
    std::vector<Out> rows;
    for (auto& bench : benches_) bench->push(0, checkpoint::Barrier{.id = CheckpointId{last_id_}});
    for (std::uint32_t i = 0; i < parallelism_; ++i) {
      const std::vector<Out> own = std::exchange((*written_)[i], {});
      rows.insert(rows.end(), own.begin(), own.end());
    }
    // Behind the barrier, before anything is stored. What they say of these is not in `rows`.
    deal(static_cast<int>(random_.below(10)));
    for (std::uint32_t i = 0; i < parallelism_; ++i) {
      benches_[i]->do_work();
      metadata.parts.push_back({"op", i, benches_[i]->acks().back().state});
    }
    if (lost) return begin(parallelism_);
    metadata_ = std::move(metadata);
    position_ = position;
    committed_.insert(committed_.end(), rows.begin(), rows.end());
  }

  base::Random random_;
  bool broadcasts_;
  std::uint32_t parallelism_ = 0;
  std::shared_ptr<Written<Out>> written_;
  std::vector<std::unique_ptr<Bench>> benches_;
  int next_ = 0;
  std::uint64_t last_id_ = 0;
  int restored_ = 0;  // subtasks that had something to restore
  // Of the newest complete checkpoint.
  checkpoint::CheckpointMetadata metadata_;
  int position_ = 0;
  std::vector<Out> committed_;
};

constexpr std::uint64_t kSeeds = 40;

}  // namespace

TEST_CASE("numbers in a list leave once over restores and changes of parallelism",
          "[operator state][subtask]") {
  int restored = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Operation<test::Batches> operation{seed, false};
    operation.run();
    test::Batches::check(operation.committed(), kNumbers);
    restored += operation.restored();
  }
  CHECK(restored > 100);
}

TEST_CASE("counts in a union list count each number once over restores and changes of parallelism",
          "[operator state][subtask]") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Operation<test::Tally> operation{seed, false};
    operation.run();
    test::Tally::check(operation.committed(), kNumbers);
  }
}

TEST_CASE("a broadcast map is whole on each subtask over restores and changes of parallelism",
          "[operator state][subtask]") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    Operation<test::Census> operation{seed, true};
    operation.run();
    test::Census::check(operation.committed(), kNumbers, operation.parallelism());
  }
}
