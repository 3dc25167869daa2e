// Aligners against a model of channels: whatever comes when, each snapshot holds exactly the
// records ahead of its barriers, in state or as overtaken.
#include "base/random.hpp"
#include "checkpoint/aligner.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::checkpoint;

namespace {

constexpr Duration kNow{};

ChannelIndex channel(std::uint32_t index) {
  return ChannelIndex{index};
}

/// What goes over a channel: a record, or a barrier.
struct Item {
  bool is_barrier = false;
  Barrier barrier = {};
};

/// Channels into one subtask as an aligner sees them, with numbers of records instead of records.
class Model {
public:
  explicit Model(const std::vector<ChannelKind>& kinds)
      : kinds_{kinds},
        aligner_{Aligner::make(BarrierMode::aligned, kinds)},
        queues_(kinds.size()),
        taken_(kinds.size()) {}

  void arrive(std::uint32_t c, const Item& item) {
    if (recording_ && open_.contains(c)) {
      if (!item.is_barrier)
        ++recorded_[c];
      else if (item.barrier.id.value() >= *recording_)
        open_.erase(c);
    }
    queues_[c].push_back(item);
    if (item.is_barrier && (may_overtake(item.barrier) || kinds_[c] == ChannelKind::feedback))
      announced_.push_back({c, item.barrier});
  }

  /// Looks ahead, as a subtask does before each step.
  void look_ahead() {
    while (!announced_.empty()) {
      const auto [c, barrier] = announced_.front();
      announced_.pop_front();
      const auto outcome = aligner_->on_announced(channel(c), barrier, kNow);
      if (recording_ == barrier.id.value()) take_out(c, barrier.id.value());
      apply(outcome);
    }
  }

  void time_is_up(std::uint64_t id) { apply(aligner_->on_timeout(CheckpointId{id}, kNow)); }

  bool can_step(std::uint32_t c) const { return !queues_[c].empty() && !blocked_.contains(c); }

  void step(std::uint32_t c) {
    const Item item = queues_[c].front();
    queues_[c].pop_front();
    if (!item.is_barrier) {
      ++taken_[c];
      return;
    }
    const auto outcome = aligner_->on_barrier(channel(c), item.barrier, kNow);
    apply(outcome);
    if (outcome.block_channel) blocked_.insert(c);
  }

  /// Records of each channel that the snapshot of a checkpoint holds, in state or as overtaken.
  std::map<std::uint64_t, std::vector<std::uint64_t>> done;

private:
  bool take_out(std::uint32_t c, std::uint64_t id) {
    auto& queue = queues_[c];
    const auto at = std::find_if(queue.begin(), queue.end(), [&](const Item& item) {
      return item.is_barrier && item.barrier.id.value() == id;
    });
    if (at == queue.end()) return false;
    queue.erase(at);
    return true;
  }

  void apply(const AlignerOutcome& outcome) {
    for (const auto& aborted : outcome.aborted) {
      if (recording_ == aborted.id.value()) recording_.reset();
    }
    if (outcome.unblock_all) blocked_.clear();
    if (outcome.snapshot) {
      const std::uint64_t id = outcome.snapshot->barrier.id.value();
      recorded_ = taken_;
      open_.clear();
      if (outcome.snapshot->overtaken.empty()) {
        done[id] = recorded_;
      } else {
        recording_ = id;
        for (const ChannelIndex c : outcome.snapshot->overtaken) begin(c.value(), id);
      }
    }
    if (outcome.recorded) {
      if (!open_.empty()) FAIL("a channel is still recorded");
      done[outcome.recorded->value()] = recorded_;
      recording_.reset();
    }
  }

  void begin(std::uint32_t c, std::uint64_t id) {
    for (const Item& item : queues_[c]) {
      if (item.is_barrier && item.barrier.id.value() == id) break;
      recorded_[c] += item.is_barrier ? 0 : 1;
    }
    if (!take_out(c, id)) open_.insert(c);
  }

  std::vector<ChannelKind> kinds_;
  std::unique_ptr<Aligner> aligner_;
  std::vector<std::deque<Item>> queues_;
  std::deque<std::pair<std::uint32_t, Barrier>> announced_;
  std::set<std::uint32_t> blocked_;
  std::vector<std::uint64_t> taken_;
  std::optional<std::uint64_t> recording_;
  std::set<std::uint32_t> open_;  // channels that are recorded
  std::vector<std::uint64_t> recorded_;
};

/// Everything that may happen to channels that each bring the same `items`, records and barriers of
/// two checkpoints: each interleaving of arrivals, steps and the end of the wait.
class Exploration {
public:
  /// An item is the id of a barrier, or 0 for a record.
  Exploration(const std::vector<std::uint64_t>& items, std::vector<ChannelKind> kinds,
              BarrierMode mode)
      : channels_{static_cast<std::uint32_t>(kinds.size())}, kinds_{std::move(kinds)}, mode_{mode} {
    std::uint64_t records = 0;
    for (const std::uint64_t id : items) {
      items_.push_back({id != 0, {.id = CheckpointId{id}, .mode = mode_}});
      if (id == 0) ++records;
      before_[id] = records;
    }
  }

  std::size_t run() {
    explore({});
    return ends_;
  }

private:
  /// One event: an arrival on a channel, a step on one, or a timeout.
  struct Event {
    enum class Kind { arrive, step, timeout } kind;
    std::uint32_t value;
  };

  void explore(const std::vector<Event>& past) {
    Model model{kinds_};
    std::vector<std::size_t> arrived(channels_);
    std::set<std::uint32_t> timed_out;
    for (const Event& event : past) {
      model.look_ahead();
      if (event.kind == Event::Kind::arrive)
        model.arrive(event.value, items_[arrived[event.value]++]);
      else if (event.kind == Event::Kind::step)
        model.step(event.value);
      else
        model.time_is_up(*timed_out.insert(event.value).first);
    }
    model.look_ahead();
    bool is_end = true;
    const auto go_on = [&](Event event) {
      is_end = false;
      auto next = past;
      next.push_back(event);
      explore(next);
    };
    for (std::uint32_t c = 0; c < channels_; ++c) {
      if (arrived[c] < items_.size()) go_on({Event::Kind::arrive, c});
      if (model.can_step(c)) go_on({Event::Kind::step, c});
    }
    if (mode_ == BarrierMode::aligned_then_unaligned && timed_out.empty() && !is_end) {
      go_on({Event::Kind::timeout, 1});
      go_on({Event::Kind::timeout, 2});
    }
    if (!is_end) return;
    ++ends_;
    // The second checkpoint has all records before its barriers; the first, unless it was given
    // up, those before its own.
    bool is_exact = model.done.contains(2);
    for (const auto& [id, records] : model.done)
      is_exact = is_exact && records == std::vector<std::uint64_t>(channels_, before_.at(id));
    if (!is_exact) FAIL("a cut is not exact");  // an assertion for each would take most of the time
  }

  std::uint32_t channels_;
  std::vector<ChannelKind> kinds_;
  BarrierMode mode_;
  std::vector<Item> items_;
  std::map<std::uint64_t, std::uint64_t> before_;  // records on each channel, by barrier
  std::size_t ends_ = 0;
};

}  // namespace

TEST_CASE("every interleaving of two channels gives exact cuts", "[aligner][unaligned]") {
  for (const BarrierMode mode :
       {BarrierMode::aligned, BarrierMode::unaligned, BarrierMode::aligned_then_unaligned}) {
    for (const std::vector<ChannelKind>& kinds :
         std::vector<std::vector<ChannelKind>>{{ChannelKind::plain, ChannelKind::plain},
                                               {ChannelKind::held, ChannelKind::plain},
                                               {ChannelKind::held, ChannelKind::held},
                                               {ChannelKind::plain, ChannelKind::feedback},
                                               {ChannelKind::held, ChannelKind::feedback}}) {
      CAPTURE(static_cast<int>(mode), static_cast<int>(kinds[0]), static_cast<int>(kinds[1]));
      CHECK(Exploration{{0, 1, 2}, kinds, mode}.run() > 300);
      CHECK(Exploration{{1, 0, 2}, kinds, mode}.run() > 300);
    }
  }
}

TEST_CASE("random records, barriers and times on random channels give exact cuts",
          "[aligner][unaligned]") {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto channels = static_cast<std::uint32_t>(1 + random.below(5));
    std::vector<ChannelKind> kinds;
    for (std::uint32_t c = 0; c < channels; ++c) {
      const bool is_feedback = c != 0 && random.chance(0.3);
      kinds.push_back(is_feedback          ? ChannelKind::feedback
                      : random.chance(0.3) ? ChannelKind::held
                                           : ChannelKind::plain);
    }
    std::vector<BarrierMode> modes;
    for (int id = 0; id <= 6; ++id)
      modes.push_back(random.chance(0.3)   ? BarrierMode::aligned
                      : random.chance(0.5) ? BarrierMode::unaligned
                                           : BarrierMode::aligned_then_unaligned);
    Model model{kinds};
    std::vector<std::deque<Item>> input(channels);
    std::vector<std::map<std::uint64_t, std::uint64_t>> before(channels);
    for (std::uint32_t c = 0; c < channels; ++c) {
      std::uint64_t records = 0;
      for (std::uint64_t id = 1; id <= 6; ++id) {
        for (std::uint64_t n = random.below(4); n != 0; --n, ++records) input[c].push_back({});
        before[c][id] = records;
        if (random.chance(0.1) && id != 6) continue;  // lost
        Barrier barrier{.id = CheckpointId{id}, .mode = modes[id]};
        if (barrier.mode == BarrierMode::aligned_then_unaligned && random.chance(0.3))
          barrier.mode = BarrierMode::unaligned;  // it has overtaken elsewhere
        input[c].push_back({true, barrier});
      }
    }
    while (true) {
      std::vector<std::pair<bool, std::uint32_t>> events;
      for (std::uint32_t c = 0; c < channels; ++c) {
        if (!input[c].empty()) events.emplace_back(true, c);
        if (model.can_step(c)) events.emplace_back(false, c);
      }
      if (events.empty()) break;
      const auto [arrives, c] = events[random.below(events.size())];
      if (arrives) {
        model.arrive(c, input[c].front());
        input[c].pop_front();
      }
      if (random.chance(0.7)) model.look_ahead();
      if (!arrives) {
        model.look_ahead();
        if (model.can_step(c)) model.step(c);
      }
      if (random.chance(0.1)) model.time_is_up(1 + random.below(6));
    }
    model.look_ahead();
    REQUIRE(model.done.contains(6));
    for (const auto& [id, records] : model.done) {
      for (std::uint32_t c = 0; c < channels; ++c) REQUIRE(records[c] == before[c].at(id));
    }
  }
}
