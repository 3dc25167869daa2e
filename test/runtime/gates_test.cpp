// Channels: order, credits, blocking, backlog.
#include "base/random.hpp"
#include "runtime/task/input_gate.hpp"
#include "runtime/task/output_gate.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

using Ints = detail::Batch<int>;

detail::BatchRef batch(std::vector<int> records) {
  auto* body = new Ints;
  body->records = std::move(records);
  return detail::BatchRef{body};
}

const Ints& ints(const Element& element) {
  return static_cast<const Ints&>(*std::get<detail::BatchRef>(element));
}

checkpoint::Barrier barrier(std::uint64_t id) {
  return {.id = CheckpointId{id}};
}

Watermark mark(std::int64_t ms) {
  return {.time = Timestamp{std::chrono::milliseconds{ms}}};
}

/// Keeps what an output gate sends.
struct Wire : FrameSender {
  void send(ChannelIndex channel, Frame frame) override {
    frames[channel.value()].push_back(std::move(frame));
  }
  std::map<std::uint32_t, std::vector<Frame>> frames;
};

}  // namespace

TEST_CASE("a channel delivers what was sent, in order", "[input_gate]") {
  InputGate gate{1, 8};
  for (int i = 1; i <= 5; ++i)
    REQUIRE(gate.push(ChannelIndex{0}, {static_cast<std::uint64_t>(i), batch({i})}).ok());
  for (int i = 1; i <= 5; ++i) CHECK(ints(gate.next()->element).records[0] == i);
  CHECK_FALSE(gate.next());
}

TEST_CASE("a gap and a repetition are noticed, never processed", "[input_gate]") {
  InputGate gate{2, 8};
  REQUIRE(gate.push(ChannelIndex{0}, {1, EndOfData{}}).ok());
  const Status repeated = gate.push(ChannelIndex{0}, {1, EndOfData{}});
  CHECK(repeated.code() == ErrorCode::corrupt);
  CHECK(repeated.message() == "channel 0 expected frame 2 and received 1");
  CHECK(gate.push(ChannelIndex{0}, {3, EndOfData{}}).code() == ErrorCode::corrupt);
  CHECK(gate.push(ChannelIndex{1}, {2, EndOfData{}}).code() == ErrorCode::corrupt);
}

TEST_CASE("channels take turns, and a blocked one waits", "[input_gate]") {
  InputGate gate{2, 8};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    REQUIRE(gate.push(ChannelIndex{0}, {i, EndOfData{}}).ok());
    REQUIRE(gate.push(ChannelIndex{1}, {i, EndOfData{}}).ok());
  }
  const auto first = gate.next()->channel;
  CHECK(gate.next()->channel != first);
  gate.block(ChannelIndex{0});
  CHECK(gate.next()->channel == ChannelIndex{1});
  CHECK(gate.next()->channel == ChannelIndex{1});
  CHECK_FALSE(gate.next());
  gate.unblock_all();
  CHECK(gate.next()->channel == ChannelIndex{0});
  CHECK(gate.next()->channel == ChannelIndex{0});
  CHECK_FALSE(gate.next());
}

TEST_CASE("of watermarks that wait one behind the other the last is enough", "[input_gate]") {
  InputGate gate{1, 8};
  std::uint64_t sequence = 0;
  for (const std::int64_t ms : {1, 2, 3})
    REQUIRE(gate.push(ChannelIndex{0}, {++sequence, mark(ms)}).ok());
  REQUIRE(gate.push(ChannelIndex{0}, {++sequence, batch({1})}).ok());
  REQUIRE(gate.push(ChannelIndex{0}, {++sequence, mark(4)}).ok());
  CHECK(std::get<Watermark>(gate.next()->element) == mark(3));
  CHECK(is_batch(gate.next()->element));
  CHECK(std::get<Watermark>(gate.next()->element) == mark(4));
  CHECK_FALSE(gate.next());
}

TEST_CASE("credits go back in groups of a half", "[input_gate]") {
  InputGate gate{1, 8};
  for (int i = 0; i < 3; ++i) CHECK(gate.processed(ChannelIndex{0}) == 0);
  CHECK(gate.processed(ChannelIndex{0}) == 4);
  CHECK(gate.processed(ChannelIndex{0}) == 0);
  InputGate small{1, 2};
  CHECK(small.processed(ChannelIndex{0}) == 1);
}

TEST_CASE("a slow receiver keeps credits back, and a fast one gives them out again",
          "[input_gate][debloater]") {
  constexpr std::uint32_t kCredits = 8;
  const bool is_encoded = GENERATE(false, true);
  CAPTURE(is_encoded);
  InputGate gate{1, kCredits, {.enabled = true}};
  REQUIRE(gate.is_debloated());
  std::uint32_t outstanding = is_encoded ? 2 * kCredits : kCredits;
  Duration now{};
  std::uint64_t sent = 0;
  const auto process = [&](int batches, Duration each) {
    for (; batches != 0; --batches) {
      Element element = EncodedBatch{};
      if (!is_encoded) element = batch({1});
      REQUIRE(gate.push(ChannelIndex{0}, {++sent, std::move(element)}).ok());
      REQUIRE(outstanding != 0);
      gate.note_input(gate.next().has_value(), now);
      gate.note_batch(now += each);
      outstanding += gate.processed(ChannelIndex{0}) - 1;
    }
  };
  process(100, 1s);
  CHECK(outstanding == (is_encoded ? 4 : 2));
  process(20'000, 1ms);
  CHECK(outstanding > kCredits / 2);  // a group is less than a half
  process(100, 1s);
  CHECK(outstanding == (is_encoded ? 4 : 2));
}

TEST_CASE("without debloating nobody is asked for the time", "[input_gate][debloater]") {
  const InputGate gate{1, 8};
  CHECK_FALSE(gate.is_debloated());
}

TEST_CASE("without credit batches wait, and marks wait behind them", "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 2, false};
  const detail::PlainEdge<int> edge;
  gate.add_edge(0, edge, {.channels = 1});
  const auto send = [&](int n) {
    Ints out;
    out.records = {n};
    gate.router(0)->consume(out);
    gate.flush();
  };
  send(1);
  send(2);
  CHECK_FALSE(gate.has_backlog());
  send(3);
  CHECK(gate.has_backlog());
  gate.broadcast(barrier(1));
  CHECK(wire.frames[0].size() == 2);
  gate.add_credits(ChannelIndex{0}, 1);
  REQUIRE(wire.frames[0].size() == 4);  // the batch, and the barrier that waited behind it
  CHECK(ints(wire.frames[0][2].element).records[0] == 3);
  CHECK(std::holds_alternative<checkpoint::Barrier>(wire.frames[0][3].element));
  CHECK_FALSE(gate.has_backlog());
  gate.broadcast(EndOfData{});  // needs no credit
  CHECK(wire.frames[0].size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(wire.frames[0][i].sequence == i + 1);
  CHECK(gate.records_sent() == 3);
}

TEST_CASE("watermarks that wait for credits take the place of each other", "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 1, false};
  const detail::PlainEdge<int> edge;
  gate.add_edge(0, edge, {.channels = 1});
  Ints out;
  for (const int n : {1, 2}) {
    out.records = {n};
    gate.router(0)->consume(out);
    gate.flush();
  }
  for (const std::int64_t ms : {1, 2, 3}) gate.send_watermark(0, mark(ms));
  CHECK(wire.frames[0].size() == 1);
  gate.add_credits(ChannelIndex{0}, 1);
  REQUIRE(wire.frames[0].size() == 3);
  CHECK(is_batch(wire.frames[0][1].element));
  CHECK(std::get<Watermark>(wire.frames[0][2].element) == mark(3));
  CHECK_FALSE(gate.has_backlog());
}

TEST_CASE("a mark goes down every channel behind all records", "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 8, false};
  const detail::PlainEdge<int> edge;
  gate.add_edge(7, edge, {.partition = detail::Partition::rebalance, .channels = 3});
  Ints out;
  out.records = {1, 2, 3, 4};
  gate.router(7)->consume(out);
  CHECK(wire.frames.empty());  // open batches wait to be filled
  gate.broadcast(barrier(1));
  for (std::uint32_t channel = 0; channel < 3; ++channel) {
    REQUIRE(wire.frames[channel].size() == 2);
    CHECK(is_batch(wire.frames[channel][0].element));
    CHECK_FALSE(is_batch(wire.frames[channel][1].element));
  }
}

TEST_CASE("with forced bytes a batch leaves encoded and is decoded to the same", "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 8, true};
  const detail::PlainEdge<std::string> edge;
  gate.add_edge(0, edge, {.channels = 1});
  detail::Batch<std::string> out;
  out.records = {"a", std::string(100, 'x')};
  gate.router(0)->consume(out);
  gate.flush();
  const auto& encoded = std::get<EncodedBatch>(wire.frames[0][0].element);
  const auto decoded = edge.decode(encoded.bytes);
  CHECK(static_cast<detail::Batch<std::string>&>(*decoded).records[1].size() == 100);
  CHECK_FALSE(edge.decode(encoded.bytes.substr(1)));
  CHECK_FALSE(edge.decode(encoded.bytes + "x"));
}

TEST_CASE("encoded batches leave in blocks, in order, and a mark takes the open block along",
          "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 8, true};
  const detail::PlainEdge<int> edge;
  gate.add_edge(0, edge, {.channels = 1});
  constexpr int kBatches = 20;  // of 4 KiB; 16 make a block
  for (int n = 0; n < kBatches; ++n) {
    Ints batch;
    for (int i = 0; i < 1024; ++i) batch.records.push_back(n * 1024 + i);
    gate.router(0)->consume(batch);
  }
  CHECK(wire.frames[0].size() == 1);
  gate.broadcast(EndOfData{});
  REQUIRE(wire.frames[0].size() == 3);
  int next = 0;
  for (std::size_t frame = 0; frame < 2; ++frame) {
    const auto block = edge.decode(std::get<EncodedBatch>(wire.frames[0][frame].element).bytes);
    REQUIRE(block);
    for (const int record : static_cast<Ints&>(*block).records) REQUIRE(record == next++);
  }
  CHECK(next == kBatches * 1024);
  CHECK(std::holds_alternative<EndOfData>(wire.frames[0][2].element));
}

TEST_CASE("a channel to another process has twice the credits", "[output_gate]") {
  Wire wire;
  OutputGate gate{wire, 2, false};
  const detail::PlainEdge<int> edge;
  gate.add_edge(0, edge, {.channels = 1});
  gate.encode(ChannelIndex{0});
  gate.encode(ChannelIndex{0});  // once more changes nothing
  for (int n = 1; n <= 4; ++n) {
    Ints out;
    out.records = {n};
    gate.router(0)->consume(out);
    gate.flush();
    CHECK_FALSE(gate.has_backlog());
  }
  Ints out;
  out.records = {5};
  gate.router(0)->consume(out);
  gate.flush();
  CHECK(gate.has_backlog());
  CHECK(wire.frames[0].size() == 4);
}

namespace {

/// Routes batches of random sizes and returns what each channel received, in order.
template <class Router>
std::vector<std::vector<int>> route(Router& router, Wire& wire, int records, std::uint64_t seed,
                                    std::uint32_t channels) {
  base::Random random{seed};
  for (int next = 0; next < records;) {
    Ints out;
    for (std::uint64_t n = 1 + random.below(1024); n != 0 && next < records; --n)
      out.records.push_back(next++);
    router.consume(out);
  }
  router.flush();
  std::vector<std::vector<int>> received(channels);
  for (auto& [channel, frames] : wire.frames) {
    for (const Frame& frame : frames) {
      const auto& got = ints(frame.element).records;
      CHECK(got.size() <= detail::batch_limit<int>());
      received[channel].insert(received[channel].end(), got.begin(), got.end());
    }
  }
  return received;
}

struct ToWire : detail::ChannelSink {
  explicit ToWire(Wire& w) : wire{w} {}
  void put(std::uint32_t channel, detail::BatchRef b) override {
    wire.send(ChannelIndex{channel}, {0, std::move(b)});
  }
  Wire& wire;
};

}  // namespace

TEST_CASE("rebalance spreads evenly and loses nothing", "[router]") {
  for (const std::uint32_t channels : {1U, 2U, 3U, 7U}) {
    Wire wire;
    ToWire out{wire};
    detail::RoundRobinRouter<int> router{{.channels = channels, .own_index = 2, .out = &out}};
    const auto received = route(router, wire, 10'000, channels, channels);
    std::vector<int> all;
    for (const auto& part : received) {
      CHECK(std::is_sorted(part.begin(), part.end()));
      CHECK(std::abs(static_cast<int>(part.size()) - 10'000 / static_cast<int>(channels)) < 100);
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    for (int i = 0; i < 10'000; ++i) REQUIRE(all[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("rebalance gives single records to all in turn", "[router]") {
  Wire wire;
  ToWire out{wire};
  detail::RoundRobinRouter<int> router{{.channels = 3, .out = &out}};
  for (int i = 0; i < 6; ++i) {
    Ints one;
    one.records = {i};
    router.consume(one);
  }
  router.flush();
  for (std::uint32_t channel = 0; channel < 3; ++channel)
    CHECK(ints(wire.frames[channel][0].element).records.size() == 2);
}

TEST_CASE("broadcast gives everything to everybody without copying it", "[router]") {
  Wire wire;
  ToWire out{wire};
  detail::BroadcastRouter<int> router{{.channels = 3, .out = &out}};
  const auto received = route(router, wire, 5000, 1, 3);
  for (const auto& part : received) CHECK(part.size() == 5000);
  CHECK(&ints(wire.frames[0][0].element) == &ints(wire.frames[2][0].element));
  CHECK(ints(wire.frames[0][0].element).is_shared());
}

TEST_CASE("equal keys meet at the subtask that owns their key group", "[router]") {
  for (const std::uint32_t channels : {1U, 2U, 5U}) {
    Wire wire;
    ToWire out{wire};
    const auto key_of = [](int n) { return n % 50; };
    detail::HashRouter<int, decltype(key_of)> router{
        {.channels = channels, .max_parallelism = 16, .out = &out}, key_of};
    const auto received = route(router, wire, 10'000, channels, channels);
    std::size_t total = 0;
    for (std::uint32_t channel = 0; channel < channels; ++channel) {
      const auto range = detail::range_of_subtask(channel, channels, 16);
      for (const int n : received[channel])
        REQUIRE(range.contains(detail::key_position(hash_of(n % 50), 16).group));
      total += received[channel].size();
      for (const Frame& frame : wire.frames[channel]) {
        const Ints& got = ints(frame.element);
        REQUIRE(got.hashes.size() == got.records.size());
        REQUIRE(got.hashes[0] == hash_of(got.records[0] % 50));
      }
    }
    CHECK(total == 10'000);
  }
}

TEST_CASE("records that own much memory fill a batch early", "[router]") {
  Wire wire;
  ToWire out{wire};
  detail::RoundRobinRouter<std::string> router{{.channels = 1, .out = &out}};
  detail::Batch<std::string> big;
  big.records.assign(10, std::string(20'000, 'x'));
  router.consume(big);
  CHECK(wire.frames[0].size() == 5);  // 32 KiB each
}
