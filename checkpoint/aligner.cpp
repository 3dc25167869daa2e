#include "checkpoint/aligner.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <set>
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
  bool has_come(ChannelIndex channel) const { return seen_[channel.value()]; }
  bool is_complete() const { return std::find(seen_.begin(), seen_.end(), false) == seen_.end(); }
  AlignerOutcome::Snapshot snapshot(Duration now) const {
    AlignerOutcome::Snapshot snapshot{barrier_, now - began_, {}};
    for (std::uint32_t i = 0; i < seen_.size(); ++i) {
      if (!seen_[i]) snapshot.overtaken.push_back(ChannelIndex{i});
    }
    return snapshot;
  }

private:
  Barrier barrier_;
  std::vector<bool> seen_;  // by channel
  Duration began_;          // when its first barrier arrived
};

/// Checkpoints that are off, until their barriers have come.
class Off {
public:
  void add(CheckpointId id) { ids_.insert(id); }
  bool has(CheckpointId id) const { return ids_.contains(id); }
  /// Nothing of this one and older ones will be asked any more.
  void forget_up_to(CheckpointId id) { ids_.erase(ids_.begin(), ids_.upper_bound(id)); }

private:
  std::set<CheckpointId> ids_;
};

/// Exactly once: at most one checkpoint is being aligned, or has overtaken and is being recorded.
class ExactlyOnceAligner final : public Aligner {
public:
  explicit ExactlyOnceAligner(std::vector<ChannelKind> channels) : channels_{std::move(channels)} {}

  AlignerOutcome on_announced(ChannelIndex channel, const Barrier& barrier, Duration now) override {
    AlignerOutcome outcome;
    if (off_.has(barrier.id) || !begin(barrier, now, outcome)) return outcome;
    if (barrier.mode == BarrierMode::unaligned) overtakes_ = true;
    announced_[channel.value()] = true;
    advance(now, outcome);
    return outcome;
  }

  AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) override {
    AlignerOutcome outcome;
    if (!begin(barrier, now, outcome) || !current_->mark(channel)) return outcome;
    if (barrier.mode == BarrierMode::unaligned) overtakes_ = true;
    announced_[channel.value()] = true;
    advance(now, outcome);
    outcome.block_channel = current_ && !is_recording_;
    return outcome;
  }

  AlignerOutcome on_timeout(CheckpointId id, Duration now) override {
    AlignerOutcome outcome;
    if (!current_ || current_->id() != id || !may_overtake(current_->barrier())) return outcome;
    overtakes_ = true;
    advance(now, outcome);
    return outcome;
  }

  AlignerOutcome on_cancel(ChannelIndex, CheckpointId id) override {
    AlignerOutcome outcome;
    if (is_over(id)) return outcome;
    if (current_) give_up(FailureReason::alignment_aborted, outcome);
    cancel(id, outcome);
    return outcome;
  }

  AlignerOutcome on_aborted(CheckpointId id) override {
    AlignerOutcome outcome;
    if (is_over(id)) return outcome;
    if (current_ && current_->id() == id) {
      outcome.unblock_all = true;
      cancel(id, outcome);
    } else {
      off_.add(id);
    }
    return outcome;
  }

private:
  /// Says whether barriers of a checkpoint mean nothing any more.
  bool is_over(CheckpointId id) const {
    return id <= last_id_ || (current_ && id < current_->id());
  }

  /// Makes the checkpoint of a barrier the current one; returns false if it is over or off.
  bool begin(const Barrier& barrier, Duration now, AlignerOutcome& outcome) {
    if (is_over(barrier.id)) return false;
    if (current_ && barrier.id > current_->id()) give_up(FailureReason::alignment_aborted, outcome);
    if (current_) return true;
    if (off_.has(barrier.id)) {
      cancel(barrier.id, outcome);
      return false;
    }
    current_.emplace(barrier, channels_.size(), now);
    announced_.assign(channels_.size(), false);
    if (barrier.kind == CheckpointKind::drain) pass_feedback();
    overtakes_ = is_recording_ = false;
    outcome.started = barrier.id;
    return true;
  }

  /// The barrier of a drain follows the end of the data: nothing comes back any more.
  void pass_feedback() {
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      if (channels_[i] != ChannelKind::feedback) continue;
      current_->mark(ChannelIndex{i});
      announced_[i] = true;
    }
  }

  /// Does what the barriers seen so far allow.
  void advance(Duration now, AlignerOutcome& outcome) {
    if (!is_recording_) {
      if (is_missing(ChannelKind::held) || (!overtakes_ && is_missing(ChannelKind::plain))) return;
      outcome.snapshot = current_->snapshot(now);
      if (overtakes_) outcome.snapshot->barrier.mode = BarrierMode::unaligned;
      outcome.unblock_all = true;
      if (current_->is_complete()) return end(current_->id());
      is_recording_ = true;
    }
    if (std::find(announced_.begin(), announced_.end(), false) != announced_.end()) return;
    outcome.recorded = current_->id();
    end(current_->id());
  }

  /// Says whether the barrier has not had its turn on a channel of this kind.
  bool is_missing(ChannelKind kind) const {
    for (std::uint32_t i = 0; i < channels_.size(); ++i) {
      if (channels_[i] == kind && !current_->has_come(ChannelIndex{i})) return true;
    }
    return false;
  }

  void give_up(FailureReason reason, AlignerOutcome& outcome) {
    outcome.aborted.push_back({current_->id(), reason});
    outcome.unblock_all = true;
    end(current_->id());
  }

  void cancel(CheckpointId id, AlignerOutcome& outcome) {
    outcome.cancelled = id;
    end(id);
  }

  void end(CheckpointId id) {
    last_id_ = id;
    off_.forget_up_to(id);
    current_.reset();
  }

  std::vector<ChannelKind> channels_;
  std::optional<Arrival> current_;  // knows the barriers that have come to the heads
  std::vector<bool> announced_;     // likewise, wherever in their queues
  bool overtakes_ = false;          // its barriers wait no longer
  bool is_recording_ = false;       // its snapshot is taken, but it has not come everywhere
  CheckpointId last_id_;            // of the last that has ended: older barriers mean nothing
  Off off_;                         // newer than that
};

/// At least once: barriers are counted, several checkpoints may be under way, nothing is blocked.
class AtLeastOnceAligner final : public Aligner {
public:
  explicit AtLeastOnceAligner(std::size_t channels) : channels_{channels} {}

  AlignerOutcome on_announced(ChannelIndex, const Barrier&, Duration) override { return {}; }
  AlignerOutcome on_timeout(CheckpointId, Duration) override { return {}; }

  AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) override {
    AlignerOutcome outcome;
    if (barrier.id > last_id_) arrive(channel, barrier, now, outcome);
    return outcome;
  }

  AlignerOutcome on_cancel(ChannelIndex channel, CheckpointId id) override {
    AlignerOutcome outcome = on_aborted(id);
    if (id > last_id_) arrive(channel, {.id = id, .triggered_at = {}}, Duration{}, outcome);
    return outcome;
  }

  AlignerOutcome on_aborted(CheckpointId id) override {
    if (id > last_id_) off_.add(id);
    return {};
  }

private:
  using Arrivals = std::vector<Arrival>;
  static constexpr std::size_t kArrivalsMax = 50;  // as in Flink's tracker; older ones are given up

  /// A barrier, or the marker in its place, counts even if its checkpoint is off: only when it has
  /// come on all channels has every older one.
  void arrive(ChannelIndex channel, const Barrier& barrier, Duration now, AlignerOutcome& outcome) {
    auto at = std::find_if(arrivals_.begin(), arrivals_.end(),
                           [&](const Arrival& a) { return a.id() >= barrier.id; });
    if (at == arrivals_.end() || at->id() != barrier.id) {
      at = arrivals_.insert(at, Arrival{barrier, channels_, now});
      if (!off_.has(barrier.id)) outcome.started = barrier.id;
    }
    at->mark(channel);
    if (at->is_complete()) {
      finish(at, now, outcome);
    } else if (arrivals_.size() > kArrivalsMax) {
      drop_before(std::next(arrivals_.begin()), outcome);
    }
  }

  void finish(Arrivals::iterator at, Duration now, AlignerOutcome& outcome) {
    if (off_.has(at->id()))
      outcome.cancelled = at->id();
    else
      outcome.snapshot = at->snapshot(now);
    last_id_ = at->id();
    off_.forget_up_to(last_id_);
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
  Arrivals arrivals_;     // ascending by id
  CheckpointId last_id_;  // of the last that has come on all channels
  Off off_;               // newer than that
};

}  // namespace

std::unique_ptr<Aligner> Aligner::make(BarrierMode mode, std::vector<ChannelKind> channels) {
  const auto feedback = std::count(channels.begin(), channels.end(), ChannelKind::feedback);
  WEIR_ASSERT(static_cast<std::size_t>(feedback) < channels.size(),
              "a subtask without input channels has nothing to align");
  if (mode != BarrierMode::at_least_once)
    return std::make_unique<ExactlyOnceAligner>(std::move(channels));
  WEIR_ASSERT(feedback == 0, "at least once loses what is on its way round a cycle");
  return std::make_unique<AtLeastOnceAligner>(channels.size());
}

}  // namespace weir::checkpoint
