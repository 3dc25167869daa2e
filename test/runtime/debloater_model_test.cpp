// Channels under debloating, against a model of their senders: whatever the speeds, no sender has
// more batches outstanding than credits, none is stuck, and what waits takes about the target time.
#include "base/random.hpp"
#include "runtime/task/input_gate.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

/// The other end of a channel.
struct Sender {
  std::uint32_t granted = 0;  // at first
  bool is_encoded = false;
  bool has_records = true;
  std::uint32_t credits = granted;
  std::uint64_t sent = 0;
  std::uint64_t arrived = 0;
  std::uint64_t processed = 0;

  std::uint64_t outstanding() const { return sent - processed; }
};

/// Senders that send whatever they may, and one subtask.
class Model {
public:
  Model(base::Random& random, std::size_t channels, std::uint32_t credits)
      : random_{random}, gate_{channels, credits, {.enabled = true}} {
    for (std::size_t i = 0; i < channels; ++i) {
      const bool is_encoded = random.chance(0.3);
      senders_.push_back(
          {.granted = is_encoded ? kBlockCredits * credits : credits, .is_encoded = is_encoded});
    }
  }

  /// Lets the subtask process batches that take about so long for so much time.
  void run(Duration each, Duration time) {
    for (const Duration end = now_ + time; now_ < end;) {
      for (Sender& sender : senders_) send(sender);
      deliver();
      process(each);
    }
  }

  /// Some senders have no records for now.
  void draw_demand() {
    for (Sender& sender : senders_) sender.has_records = random_.chance(0.7);
  }

  /// How many channels in this process have as many credits as all of these.
  double weights() const {
    double all = 0;
    for (const Sender& sender : senders_) all += sender.is_encoded ? kBlockCredits : 1;
    return all;
  }

  /// Sends what may be sent, and returns what a sender has outstanding for each of the credits of a
  /// channel in this process: of all senders, the most and the least.
  std::pair<double, double> outstanding() {
    double most = 0;
    double least = 1e9;
    for (Sender& sender : senders_) {
      send(sender);
      const double batches =
          static_cast<double>(sender.outstanding()) / (sender.is_encoded ? kBlockCredits : 1);
      most = std::max(most, batches);
      least = std::min(least, batches);
    }
    return {most, least};
  }

private:
  void send(Sender& sender) {
    if (!sender.has_records) return;
    sender.sent += sender.credits;
    sender.credits = 0;
    REQUIRE(sender.outstanding() <= sender.granted);
    REQUIRE(sender.outstanding() > 0);  // otherwise it would wait for ever
  }

  /// Some of what has been sent arrives: at least one batch, if there is any.
  void deliver() {
    const std::size_t first = random_.below(senders_.size());
    bool has_come = false;
    for (std::size_t i = 0; i < senders_.size(); ++i) {
      const std::size_t at = (first + i) % senders_.size();
      Sender& sender = senders_[at];
      while (sender.arrived != sender.sent && (!has_come || random_.chance(0.9))) {
        Element element = EncodedBatch{};
        if (!sender.is_encoded) element = detail::BatchRef{new detail::Batch<int>};
        REQUIRE(gate_.push(channel(at), {++sender.arrived, std::move(element)}).ok());
        has_come = true;
      }
    }
  }

  void process(Duration each) {
    const auto next = gate_.next();
    gate_.note_input(next.has_value(), now_);
    if (!next) {
      now_ += 1ms;
      return;
    }
    now_ += std::chrono::nanoseconds{
        static_cast<std::int64_t>(static_cast<double>(each.count()) * (0.5 + random_.uniform()))};
    gate_.note_batch(now_);
    Sender& sender = senders_[next->channel.value()];
    ++sender.processed;
    sender.credits += gate_.processed(next->channel);
  }

  static ChannelIndex channel(std::size_t index) {
    return ChannelIndex{static_cast<std::uint32_t>(index)};
  }

  base::Random& random_;
  InputGate gate_;
  std::vector<Sender> senders_;
  Duration now_{};
};

}  // namespace

TEST_CASE("whatever the speeds, no channel has too many batches outstanding, or is stuck",
          "[debloater][swarm]") {
  test::for_each_seed(200, [](std::uint64_t seed) -> test::Figures {
    CAPTURE(seed);
    base::Random random{seed};
    Model model{random, 1 + random.below(5), 2 + static_cast<std::uint32_t>(random.below(15))};
    const Duration speeds[] = {1ms, 10ms, 50ms, 100ms, 300ms, 1s};
    for (int i = 0; i < 8; ++i) {
      model.draw_demand();
      model.run(speeds[random.below(std::size(speeds))], 8s);
    }
    return {.plans = 1};
  });
}

TEST_CASE("what waits takes about the target time", "[debloater]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const std::size_t channels : {std::size_t{1}, std::size_t{3}}) {
      for (const Duration each : {10ms, 40ms, 80ms, 200ms, 2000ms}) {
        constexpr std::uint32_t kCredits = 16;
        CAPTURE(seed, channels, each.count());
        base::Random random{seed};
        Model model{random, channels, kCredits};
        model.run(200ms, 20s);  // another speed first
        model.run(each, each * 50 + 60s);
        const auto [most, least] = model.outstanding();
        const double batch = std::chrono::duration<double>{each}.count();
        const double in_time = std::clamp(1 / (batch * model.weights()), 2.0, double{kCredits});
        CHECK(most <= in_time * 1.4 + 1);
        CHECK(least >= in_time / 1.4 / 2 - 1);  // a group of credits may be kept for its batches
      }
    }
  }
}
