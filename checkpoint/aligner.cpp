#include "checkpoint/aligner.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {
namespace {

/// One checkpoint whose barriers are arriving.
class Arrival {
public:
  Arrival(const Barrier& barrier, std::size_t channels, Duration now)
      : barrier_{barrier}, seen_(channels), began_{now} {}

  const Barrier& barrier() const { return barrier_; }
  CheckpointId id() const { return barrier_.id; }
  /// Returns whether the channel had not been marked before.
  bool mark(ChannelIndex channel) {
    const bool was_seen = seen_.at(channel.value());
    seen_[channel.value()] = true;
    return !was_seen;
  }
  bool is_complete() const { return std::find(seen_.begin(), seen_.end(), false) == seen_.end(); }
  AlignerOutcome::Snapshot snapshot(Duration now) const { return {barrier_, now - began_}; }

private:
  Barrier barrier_;
  std::vector<bool> seen_;  // by channel
  Duration began_;          // when its first barrier arrived
};

/// Exactly once: at most one checkpoint is being aligned, and its barriers block their channels.
class ExactlyOnceAligner final : public Aligner {
public:
  explicit ExactlyOnceAligner(std::size_t channels) : channels_{channels} {}

  AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) override {
    AlignerOutcome outcome;
    if (barrier.id <= last_id_ || (current_ && barrier.id < current_->id())) return outcome;
    if (current_ && barrier.id > current_->id()) give_up(FailureReason::alignment_aborted, outcome);
    if (!current_) {
      current_.emplace(barrier, channels_, now);
      outcome.started = barrier.id;
    }
    if (!current_->mark(channel)) return outcome;
    if (current_->is_complete())
      finish(now, outcome);
    else
      outcome.block_channel = true;
    return outcome;
  }

  AlignerOutcome on_cancel(CheckpointId id) override {
    AlignerOutcome outcome;
    if (id <= last_id_ || (current_ && id < current_->id())) return outcome;
    if (current_) give_up(FailureReason::alignment_aborted, outcome);
    last_id_ = id;
    return outcome;
  }

private:
  void finish(Duration now, AlignerOutcome& outcome) {
    outcome.unblock_all = true;
    outcome.snapshot = current_->snapshot(now);
    last_id_ = current_->id();
    current_.reset();
  }

  void give_up(FailureReason reason, AlignerOutcome& outcome) {
    outcome.aborted.push_back({current_->id(), reason});
    outcome.unblock_all = true;
    last_id_ = current_->id();
    current_.reset();
  }

  std::size_t channels_;
  std::optional<Arrival> current_;
  CheckpointId last_id_;  // of the last snapshot or abort: older barriers mean nothing
};

/// At least once: barriers are counted, several checkpoints may be under way, nothing is blocked.
class AtLeastOnceAligner final : public Aligner {
public:
  explicit AtLeastOnceAligner(std::size_t channels) : channels_{channels} {}

  AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) override {
    AlignerOutcome outcome;
    if (barrier.id <= last_id_) return outcome;
    auto at = std::find_if(arrivals_.begin(), arrivals_.end(),
                           [&](const Arrival& a) { return a.id() >= barrier.id; });
    if (at == arrivals_.end() || at->id() != barrier.id) {
      at = arrivals_.insert(at, Arrival{barrier, channels_, now});
      outcome.started = barrier.id;
    }
    at->mark(channel);
    if (at->is_complete()) {
      finish(at, now, outcome);
    } else if (arrivals_.size() > kArrivalsMax) {
      drop_before(std::next(arrivals_.begin()), outcome);
    }
    return outcome;
  }

  AlignerOutcome on_cancel(CheckpointId id) override {
    AlignerOutcome outcome;
    if (id <= last_id_) return outcome;
    drop_before(std::find_if(arrivals_.begin(), arrivals_.end(),
                             [&](const Arrival& a) { return a.id() > id; }),
                outcome);
    last_id_ = id;
    return outcome;
  }

private:
  using Arrivals = std::vector<Arrival>;
  static constexpr std::size_t kArrivalsMax = 50;  // as in Flink's tracker; older ones are given up

  void finish(Arrivals::iterator at, Duration now, AlignerOutcome& outcome) {
    outcome.snapshot = at->snapshot(now);
    last_id_ = at->id();
    drop_before(at, outcome);
    arrivals_.erase(arrivals_.begin());
  }

  /// Gives up all checkpoints before `end`: a newer one has overtaken them.
  void drop_before(Arrivals::iterator end, AlignerOutcome& outcome) {
    for (auto at = arrivals_.begin(); at != end; ++at)
      outcome.aborted.push_back({at->id(), FailureReason::alignment_aborted});
    arrivals_.erase(arrivals_.begin(), end);
  }

  std::size_t channels_;
  Arrivals arrivals_;  // ascending by id
  CheckpointId last_id_;
};

}  // namespace

std::unique_ptr<Aligner> Aligner::make(BarrierMode mode, std::size_t channels) {
  WEIR_ASSERT(channels >= 1, "a subtask without input channels has nothing to align");
  switch (mode) {
    case BarrierMode::aligned: return std::make_unique<ExactlyOnceAligner>(channels);
    case BarrierMode::at_least_once: return std::make_unique<AtLeastOnceAligner>(channels);
    case BarrierMode::unaligned:
    case BarrierMode::aligned_then_unaligned: break;
  }
  WEIR_UNREACHABLE("this barrier mode has no aligner");
}

}  // namespace weir::checkpoint
