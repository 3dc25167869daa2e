// The times of records travel with them, in memory and as bytes.
#include <weir/detail/router.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace weir;
using Ints = detail::Batch<std::int64_t>;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// Records that are one more than their times, where they have any.
std::unique_ptr<Ints> timed(std::vector<std::int64_t> times) {
  auto batch = std::make_unique<Ints>();
  for (const std::int64_t time : times) {
    batch->records.push_back(time + 1);
    batch->stamp(at(time));
  }
  return batch;
}

detail::BatchRef decode(std::string_view bytes) {
  return detail::PlainEdge<std::int64_t>{}.decode(bytes);
}

const Ints& ints(const detail::BatchRef& ref) {
  return static_cast<const Ints&>(*ref);
}

/// Checks that each record still has its time.
struct Checking final : detail::ChannelSink {
  void put(std::uint32_t, detail::BatchRef ref) override {
    const Ints& batch = ints(ref);
    for (std::size_t i = 0; i < batch.size(); ++i)
      CHECK(batch.time_of(i) ==
            (batch.records[i] < 0 ? detail::kNoTime : at(batch.records[i] - 1)));
    records += batch.size();
  }
  std::size_t records = 0;
};

}  // namespace

TEST_CASE("a batch keeps no times until a record has one", "[event_time][batch]") {
  Ints batch;
  batch.records = {1, 2};
  batch.stamp(detail::kNoTime);
  CHECK(batch.times.empty());
  batch.records.push_back(3);
  batch.stamp(at(5));
  CHECK(batch.times == std::vector{detail::kNoTime, detail::kNoTime, at(5)});
  batch.records.push_back(4);
  batch.stamp(detail::kNoTime);
  CHECK(batch.time_of(2) == at(5));
  CHECK(batch.time_of(3) == detail::kNoTime);
  const auto rest = batch.copy_from(2);
  CHECK(ints(rest).times == std::vector{at(5), detail::kNoTime});
  batch.clear();
  CHECK(batch.times.empty());
}

TEST_CASE("times are encoded behind the records, and a batch without them as ever",
          "[event_time][batch]") {
  Ints plain;
  plain.records = {7};
  ByteWriter out;
  plain.encode(out);
  CHECK(out.view() == std::string_view{"\x01\x07\0\0\0\0\0\0\0", 9});
  out.clear();
  timed({-2})->encode(out);
  CHECK(out.view() == std::string_view{"\0\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff"
                                       "\xfe\xff\xff\xff\xff\xff\xff\xff",
                                       19});
}

TEST_CASE("a block may mix batches with and without times", "[event_time][batch]") {
  Ints plain;
  plain.records = {-1, -2};
  ByteWriter out;
  plain.encode(out);
  timed({10, -5})->encode(out);
  plain.encode(out);
  const auto batch = decode(out.view());
  REQUIRE(batch);
  CHECK(ints(batch).records == std::vector<std::int64_t>{-1, -2, 11, -4, -1, -2});
  CHECK(ints(batch).times == std::vector{detail::kNoTime, detail::kNoTime, at(10), at(-5),
                                         detail::kNoTime, detail::kNoTime});
}

TEST_CASE("damaged times are noticed wherever they end", "[event_time][batch]") {
  ByteWriter out;
  timed({1, 2, 3})->encode(out);
  for (std::size_t size = 2; size < out.size(); ++size) {  // a byte alone is an empty batch
    CAPTURE(size);
    CHECK_FALSE(decode(out.view().substr(0, size)));
  }
}

TEST_CASE("whatever way records take, their times go with them", "[event_time][batch]") {
  const auto identity = [](std::int64_t n) { return n; };
  const detail::PlainEdge<std::int64_t> plain;
  const detail::KeyedEdge<std::int64_t, decltype(identity)> keyed{identity};
  for (const auto partition : {detail::Partition::forward, detail::Partition::rebalance,
                               detail::Partition::broadcast, detail::Partition::hash}) {
    for (const std::uint32_t channels : {1U, 3U}) {
      Checking out;
      const detail::RouterInit init{.partition = partition, .channels = channels, .out = &out};
      const auto router =
          partition == detail::Partition::hash ? keyed.make_router(init) : plain.make_router(init);
      std::size_t sent = 0;
      for (std::int64_t i = 0; i < 100; ++i) {
        const auto batch = timed({i, 1000 - i, 2 * i});
        if (i % 5 == 0) {  // without times
          for (std::int64_t& record : batch->records) record = -1 - record;
          batch->times.clear();
        }
        sent += batch->size();
        router->consume(*batch);
      }
      router->flush();
      CHECK(out.records == sent * (partition == detail::Partition::broadcast ? channels : 1));
    }
  }
}

TEST_CASE("records whose keys are elsewhere go with their times", "[event_time][batch]") {
  const auto identity = [](std::int64_t n) { return n; };
  const detail::KeyedEdge<std::int64_t, decltype(identity)> keyed{identity};
  std::vector<std::int64_t> times(100);
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::int64_t>(i * i);
  const auto batch = timed(times);
  keyed.keep_groups(*batch, {0, 64}, 128);
  CHECK(batch->size() > 20);
  CHECK(batch->size() < 80);
  Checking out;
  out.put(0, batch->copy());
}
