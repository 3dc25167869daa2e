// One subtask alone: how much it does in a turn, and what it lets wait.
#include "test/runtime/copies_job.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using checkpoint::Barrier;
using test::Bench;
using test::copies;
using test::Trace;

namespace {

constexpr std::uint64_t kCredits = 8;
const Barrier kBarrier{.id = CheckpointId{1}};

}  // namespace

TEST_CASE("without credits a subtask takes no input, and marks wait behind batches", "[subtask]") {
  Bench bench{copies({.network = {.batches_per_channel = kCredits}}), "copies/0"};
  bench.start();
  for (std::uint32_t i = 0; i < kCredits; ++i) bench.push(0, {1, 1});
  REQUIRE(bench.batches() == 2 * kCredits);
  CHECK(bench.push(0, {1, 1}).size() <= 1);  // made, but not sent; perhaps credits for its sender
  CHECK(bench.push(0, {1, 1}).empty());      // not even taken
  CHECK(bench.push(1, {1}).empty());
  CHECK(bench.subtask().counters().records_in == 2 * (kCredits + 1));
  CHECK(bench.credit(0, 1) == Trace{"out 0: 1 records"});
  // Channel 1 still has something waiting.
  CHECK(bench.subtask().counters().records_in == 2 * (kCredits + 1));
  CHECK(bench.credit(1, 1).at(0) == "out 1: 1 records");
  CHECK(bench.subtask().counters().records_in > 2 * (kCredits + 1));
}

TEST_CASE("records that make very many each fill no more memory than a few of them must",
          "[subtask]") {
  constexpr std::uint64_t kCopies = 10'000;
  constexpr std::uint64_t kRecords = 300;
  Bench bench{copies({.network = {.batches_per_channel = kCredits}}), "copies/0"};
  bench.start();
  bench.push(0, std::vector<int>(kRecords, static_cast<int>(kCopies)));
  bench.push(0, kBarrier);
  bench.push(1, kBarrier);
  std::uint64_t most = 0;
  std::uint64_t batches = 0;
  while (bench.records_left() < kRecords * kCopies || bench.acks().empty()) {
    most = std::max(most, bench.records_sent() - bench.records_left());
    if (bench.waiting_work() != 0) {
      bench.do_work();
      continue;
    }
    REQUIRE(bench.batches() > batches);  // whatever waits, it moves on with every credit
    batches = bench.batches();
    bench.credit(0, 1);
    bench.credit(1, 1);
  }
  CHECK(most <= 9 * kCopies);
}

namespace {

/// Takes a while for each record, by the clock of a bench.
class Slow final : public Writer<int> {
public:
  explicit Slow(Duration** clock) : clock_{clock} {}
  void write(const int&) override { **clock_ += 700us; }

private:
  Duration** clock_;
};

}  // namespace

TEST_CASE("a slow sink gives up its turn after a few records, so that barriers are not late",
          "[subtask]") {
  Duration* clock = nullptr;
  Job job{"slow"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .rebalance()
      .sink("slow",
            make_sink([&clock](const WriterContext&) { return std::make_unique<Slow>(&clock); },
                      Delivery::repeatable));
  Bench bench{job, "slow/0"};
  clock = &bench.now();
  bench.start();
  auto* batch = new detail::Batch<int>;
  batch->records.resize(1000);
  bench.subtask().on_frame(ChannelIndex{0}, {1, detail::BatchRef{batch}});
  bench.subtask().drive();
  CHECK(bench.subtask().counters().records_in <= 8);  // nobody knew
  for (int turn = 0; turn < 10; ++turn) {
    const auto before = bench.subtask().counters().records_in;
    bench.subtask().drive();
    CHECK(bench.subtask().counters().records_in - before <= 4);
  }
}

TEST_CASE("credits go back to the sender of each channel, in groups, once its batches are done",
          "[subtask]") {
  Bench bench{copies({.network = {.batches_per_channel = kCredits}}), "copies/0"};
  bench.start();
  const auto grants = [](const Trace& trace) {
    return std::count_if(trace.begin(), trace.end(),
                         [](const std::string& line) { return line.starts_with("grant"); });
  };
  for (std::uint64_t i = 1; i < kCredits / 2; ++i) {
    CHECK(grants(bench.push(0, {0})) == 0);
    CHECK(grants(bench.push(1, {0})) == 0);
  }
  CHECK(bench.push(0, {0}) == Trace{"grant 0: 4"});
  CHECK(bench.push(1, {0}) == Trace{"grant 1: 4"});
}
