// When all input has ended, also of subtasks whose records go round.
#include "runtime/task/end_of_input.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <numeric>
#include <variant>

using namespace weir;
using namespace weir::runtime;

namespace {

constexpr VertexId kSelf{3};
constexpr VertexId kOther{1};

using Step = EndOfInput::Step;

ChannelIndex channel(std::uint32_t index) {
  return ChannelIndex{index};
}
Step probing(VertexId iteration, std::uint64_t round, bool is_busy) {
  return {.has_ended = false, .probes = {{iteration, round, is_busy}}};
}

}  // namespace

TEST_CASE("input without a cycle ends with its last channel, once", "[end_of_input]") {
  EndOfInput input{kSelf, {false, false}};
  CHECK(input.on_end(channel(1)) == Step{});
  CHECK(input.on_end(channel(1)) == Step{});
  CHECK(input.on_records(channel(0)));
  CHECK(input.on_end(channel(0)).has_ended);
  CHECK(input.on_end(channel(0)) == Step{});
  CHECK_FALSE(input.on_records(channel(0)));
}

TEST_CASE("an iteration ends when a probe finds nothing on its way", "[end_of_input]") {
  EndOfInput input{kSelf, {false, true, true}};
  CHECK(input.on_records(channel(1)));
  // It cannot know what is on its way, so the first probe is busy.
  CHECK(input.on_end(channel(0)) == probing(kSelf, 1, true));
  CHECK(input.on_probe(channel(1), {kSelf, 1, true}) == Step{});
  CHECK(input.on_records(channel(2)));
  CHECK(input.on_probe(channel(2), {kSelf, 1, false}) == probing(kSelf, 2, true));
  CHECK(input.on_probe(channel(2), {kSelf, 2, true}) == Step{});
  CHECK(input.on_probe(channel(1), {kSelf, 2, false}) == probing(kSelf, 3, false));
  CHECK(input.on_probe(channel(1), {kSelf, 3, false}) == Step{});
  SECTION("for another subtask records do") {
    CHECK(input.on_probe(channel(2), {kSelf, 3, true}) == probing(kSelf, 4, false));
  }
  SECTION("for another, which hears of the end earlier and says that it has ended") {
    CHECK(input.on_end(channel(1)) == Step{});
    CHECK(input.on_probe(channel(2), {kSelf, 3, false}).has_ended);
  }
  SECTION("for nobody") {
    CHECK(input.on_probe(channel(2), {kSelf, 3, false}) == Step{.has_ended = true, .probes = {}});
    CHECK_FALSE(input.on_records(channel(1)));
    CHECK(input.on_end(channel(1)) == Step{});
    CHECK(input.on_probe(channel(1), {kSelf, 3, false}) == Step{});
  }
}

TEST_CASE("a probe is passed on behind all that came before it", "[end_of_input]") {
  EndOfInput input{kSelf, {false, false, false}};
  CHECK(input.on_probe(channel(0), {kOther, 1, false}) == Step{});
  SECTION("on each channel") {
    CHECK(input.on_probe(channel(1), {kOther, 1, true}) == Step{});
    CHECK(input.on_probe(channel(2), {kOther, 1, false}) == probing(kOther, 1, true));
    CHECK(input.on_probe(channel(0), {kOther, 2, false}) == Step{});
  }
  SECTION("but for those that have ended") {
    CHECK(input.on_end(channel(2)) == Step{});
    CHECK(input.on_probe(channel(1), {kOther, 1, false}) == probing(kOther, 1, false));
  }
  SECTION("even if that is the last to happen") {
    CHECK(input.on_probe(channel(1), {kOther, 1, false}) == Step{});
    CHECK(input.on_end(channel(2)) == probing(kOther, 1, false));
  }
  SECTION("each iteration for itself") {
    CHECK(input.on_probe(channel(1), {kSelf.next(), 7, true}) == Step{});
    CHECK(input.on_end(channel(2)) == Step{});
    CHECK(input.on_probe(channel(1), {kOther, 1, false}) == probing(kOther, 1, false));
    CHECK(input.on_probe(channel(0), {kSelf.next(), 7, false}) == probing(kSelf.next(), 7, true));
  }
}

TEST_CASE("probes of iterations before it end in an iteration", "[end_of_input]") {
  EndOfInput input{kSelf, {false, true}};
  CHECK(input.on_probe(channel(0), {kOther, 1, false}) == Step{});
}

namespace {

/// An iteration of several subtasks at its beginning and several at its end, which feed back to all
/// of the former. A record is the number of rounds that it still has to go.
class Loop {
public:
  Loop(base::Random& random, std::uint32_t begins, std::uint32_t ends, bool by_index)
      : random_{random}, begins_{begins}, ends_{ends}, by_index_{by_index} {
    for (std::uint32_t i = 0; i < begins; ++i) {
      std::vector<bool> is_feedback(ends + 1, true);
      is_feedback[0] = false;  // from outside
      inputs_.emplace_back(VertexId{0}, is_feedback);
      for (std::uint64_t n = random.below(5); n != 0; --n, ++alive_)
        outside(i).push_back(static_cast<int>(random.below(4)));
      outside(i).push_back(EndOfData{});
    }
    for (std::uint32_t e = 0; e < ends; ++e)
      inputs_.emplace_back(VertexId{1}, std::vector<bool>(by_index ? 1 : begins));
    has_ended_.resize(begins);
  }

  /// Lets one thing happen; returns whether anything can.
  bool step() {
    std::vector<std::size_t> ready;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      if (!channels_[c].empty()) ready.push_back(c);
    }
    if (ready.empty()) return false;
    const std::size_t c = ready[random_.below(ready.size())];
    const Item item = channels_[c].front();
    channels_[c].pop_front();
    if (c < begins_) return take(static_cast<std::uint32_t>(c), channel(0), item), true;
    const std::size_t inner = c - begins_;
    const auto from = static_cast<std::uint32_t>(inner % (begins_ * ends_));
    if (inner < begins_ * ends_)
      pass(from % ends_, from / ends_, item);
    else
      take(from / ends_, channel(1 + from % ends_), item);
    return true;
  }

  bool has_ended() const {
    return std::find(has_ended_.begin(), has_ended_.end(), false) == has_ended_.end();
  }
  int rounds() const { return rounds_; }

private:
  using Item = std::variant<int, EndOfData, EndProbe>;
  using Channel = std::deque<Item>;

  Channel& outside(std::uint32_t begin) { return channels_[begin]; }
  Channel& forth(std::uint32_t begin, std::uint32_t end) {
    return channels_[begins_ + begin * ends_ + end];
  }
  Channel& back(std::uint32_t begin, std::uint32_t end) {
    return channels_[begins_ + begins_ * ends_ + begin * ends_ + end];
  }

  /// A subtask at the beginning takes something in.
  void take(std::uint32_t begin, ChannelIndex from, const Item& item) {
    if (const int* record = std::get_if<int>(&item)) {
      REQUIRE(inputs_[begin].on_records(from));
      forth(begin, by_index_ ? begin : pick(ends_)).push_back(*record);
      return;
    }
    if (std::holds_alternative<EndOfData>(item)) return apply(begin, inputs_[begin].on_end(from));
    apply(begin, inputs_[begin].on_probe(from, std::get<EndProbe>(item)));
  }

  void apply(std::uint32_t begin, const Step& step) {
    for (const EndProbe& probe : step.probes) {
      ++rounds_;
      for (std::uint32_t e = 0; e < ends_; ++e) {
        if (!by_index_ || e == begin) forth(begin, e).push_back(probe);
      }
    }
    if (!step.has_ended) return;
    REQUIRE(alive_ == 0);
    REQUIRE_FALSE(has_ended_[begin]);
    has_ended_[begin] = true;
    for (std::uint32_t e = 0; e < ends_; ++e) {
      if (!by_index_ || e == begin) forth(begin, e).push_back(EndOfData{});
    }
  }

  /// A subtask at the end takes something in.
  void pass(std::uint32_t end, std::uint32_t begin, const Item& item) {
    if (const int* record = std::get_if<int>(&item)) {
      if (*record == 0)
        --alive_;
      else
        back(pick(begins_), end).push_back(*record - 1);
      return;
    }
    const ChannelIndex from = channel(by_index_ ? 0 : begin);
    EndOfInput& input = inputs_[begins_ + end];
    const auto* came = std::get_if<EndProbe>(&item);
    const Step step = came != nullptr ? input.on_probe(from, *came) : input.on_end(from);
    for (std::uint32_t b = 0; b < begins_; ++b) {
      for (const EndProbe& probe : step.probes) back(b, end).push_back(probe);
      if (step.has_ended) back(b, end).push_back(EndOfData{});
    }
  }

  std::uint32_t pick(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_.below(below));
  }

  base::Random& random_;
  std::uint32_t begins_;
  std::uint32_t ends_;
  bool by_index_;                   // from begin to end with the same index
  std::vector<EndOfInput> inputs_;  // of the subtasks at the beginning, then those at the end
  std::vector<Channel> channels_ =
      std::vector<Channel>(begins_ + 2 * static_cast<std::size_t>(begins_) * ends_);
  std::vector<bool> has_ended_;
  int alive_ = 0;  // records that have not left
  int rounds_ = 0;
};

}  // namespace

TEST_CASE("random iterations end for all subtasks, and never while a record goes round",
          "[end_of_input]") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto begins = static_cast<std::uint32_t>(1 + random.below(4));
    const bool by_index = random.chance(0.4);
    const auto ends = by_index ? begins : static_cast<std::uint32_t>(1 + random.below(4));
    Loop loop{random, begins, ends, by_index};
    while (loop.step()) REQUIRE(loop.rounds() < 1000);
    REQUIRE(loop.has_ended());
  }
}
