#include "runtime/task/snapshot_taker.hpp"

#include "checkpoint/storage.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

using checkpoint::Barrier;
using checkpoint::FailureReason;
using checkpoint::SnapshotTimings;
using state::PreparedTransaction;

SnapshotTaker::SnapshotTaker(const Plan& plan, std::shared_ptr<Chain> chain, Positions positions,
                             SnapshotPlace place, checkpoint::Speaker self, std::string name,
                             SubtaskPort& port)
    : chain_{std::move(chain)},
      positions_{std::move(positions)},
      place_{std::move(place)},
      self_{self, std::move(name)},
      port_{port},
      commits_{*chain_, plan.graph().options.lost_transactions, port} {
  for (const PlanEdge& edge : plan.edges()) edges_.push_back({edge.name, edge.type->schema()});
  if (place_.changelog.enabled && !chain_->states().empty()) open_log();
}

void SnapshotTaker::open_log() {
  log_ = std::make_unique<ChangeLog>(
      chain_,
      LogPlace{.env = place_.env,
               .directory = checkpoint::CheckpointStorage::changelog_of(place_.directory),
               .owner = self_.name,
               .attempt = self_.speaker.attempt,
               .inline_threshold = place_.inline_threshold,
               .compression = place_.compression},
      place_.changelog, port_);
}

void SnapshotTaker::take(const Barrier& barrier, SnapshotTimings timings, bool is_finished,
                         OvertakenSoFar overtaken) {
  const Duration began = port_.now();
  const std::string file_name =
      self_.name + "-" + std::to_string(self_.speaker.attempt.value()) + ".state";
  auto work = std::make_shared<SnapshotWork>(barrier, chain_, place_, file_name);
  std::erase_if(under_way_, [](const auto& other) { return other.expired(); });
  under_way_.push_back(work);
  work->result.is_finished = is_finished;
  if (barrier.directory.empty()) work->result.event_time = chain_->time().input();
  for (const ChainState& s : chain_->states())
    work->keyed.emplace_back(state::describe(s.operator_name, s.key_schema, *s.state), *s.state);
  if (log_ != nullptr && barrier.directory.empty()) work->logged = log_->begin(barrier.id);
  for (const ChainOperatorState& s : chain_->operator_states())
    work->operators.emplace_back(s.operator_name, *s.state);
  if (positions_.source != nullptr)
    work->result.sources.push_back(
        {chain_->head_name(), positions_.schema, positions_.source->positions()});
  freeze_sinks(*work);
  label(*work, std::move(overtaken.batches));
  work->missing = overtaken.missing;
  recording_ = work->missing != 0 ? work : nullptr;
  work->frozen_at = port_.now();
  timings.sync = work->frozen_at - began;
  work->timings = timings;
  port_.reached(Phase::snapshotted, barrier.id);
  if (!work->has_store()) return write(work);
  write_backs_.push_back(work);
  if (write_backs_.size() == 1) write_back_next();
}

/// Prepares transactions, and notes all that are uncommitted.
void SnapshotTaker::freeze_sinks(SnapshotWork& work) {
  const CheckpointId id = work.barrier.id;
  for (std::size_t i = 0; i < chain_->sinks().size(); ++i) {
    ChainSink& sink = chain_->sinks()[i];
    std::optional<Bytes> unfinished;
    call_user_code(sink.operator_name, [&] {
      if (auto txn = sink.writer->prepare()) commits_.prepared(i, id, std::move(*txn));
      unfinished = sink.writer->unfinished();
    });
    if (sink.committer == nullptr) continue;
    state::SinkState state{sink.operator_name, sink.txn_schema, commits_.uncommitted(i)};
    if (unfinished) state.transactions.push_back({id, std::move(*unfinished)});
    for (const PreparedTransaction& t : state.transactions) {
      if (t.checkpoint > persisted_)
        work.persist.push_back({sink.committer, sink.operator_name, t.txn});
    }
    work.result.sinks.push_back(std::move(state));
  }
}

void SnapshotTaker::label(SnapshotWork& work, std::vector<OvertakenBatches> batches) const {
  for (OvertakenBatches& some : batches) {
    if (some.batches.empty()) continue;
    work.overtaken.push_back({{.edge = edges_[some.edge].name,
                               .receiver = some.receiver,
                               .side = some.side,
                               .schema = edges_[some.edge].schema},
                              std::move(some.batches)});
  }
}

void SnapshotTaker::add_overtaken(CheckpointId id, std::vector<OvertakenBatches> batches) {
  if (recording_ == nullptr || recording_->barrier.id != id) return;
  label(*recording_, std::move(batches));
  if (--recording_->missing == 0) finish(std::exchange(recording_, nullptr));
}

/// Brings the stores up to date, for one snapshot after the other, in the order of their barriers.
void SnapshotTaker::write_back_next() {
  const WorkPtr work = write_backs_.front();
  work->for_each_store([](state::KeyedCut& cut) { cut.begin(); });
  port_.run_blocking([work] { work->write_back(); }, [this, work] { on_written_back(work); });
}

void SnapshotTaker::on_written_back(const WorkPtr& work) {
  if (!work->status.ok()) {
    // What the store holds is not known any more.
    failure_ = {chain_->head_name(), work->status.message(), TaskFailure::Kind::transient};
    return;
  }
  work->for_each_store([](state::KeyedCut& cut) { cut.on_written(); });
  write_backs_.pop_front();
  write(work);
  if (!write_backs_.empty()) write_back_next();
}

void SnapshotTaker::write(const WorkPtr& work) {
  port_.run_blocking([work] { work->write_state(); }, [this, work] { on_written(work); });
}

void SnapshotTaker::on_written(const WorkPtr& work) {
  if (tries_again(work, &SnapshotTaker::write)) return;
  end_freeze(*work);
  if (work->status.ok())
    persisted_ = std::max(persisted_, work->barrier.id);
  else if (recording_ == work)
    recording_ = nullptr;  // it is declined now
  work->is_written = true;
  finish(work);
}

void SnapshotTaker::end_freeze(SnapshotWork& work) {
  if (work.logged != nullptr) {
    log_->on_written(work.logged, std::move(work.keyed), work.status, work.frozen_at);
  } else {
    for (state::KeyedCut& cut : work.keyed) cut.release();
  }
}

/// Answers as soon as all is known and written.
void SnapshotTaker::finish(const WorkPtr& work) {
  if (!work->is_written || (work->missing != 0 && work->status.ok())) return;
  if (work->overtaken.empty() || !work->status.ok()) return acknowledge(*work);
  write_overtaken(work);
}

void SnapshotTaker::write_overtaken(const WorkPtr& work) {
  port_.run_blocking([work] { work->write_overtaken(); },
                     [this, work] {
                       if (!tries_again(work, &SnapshotTaker::write_overtaken)) acknowledge(*work);
                     });
}

/// If what a step of the work has met may pass, the same step follows after a pause.
bool SnapshotTaker::tries_again(const WorkPtr& work, void (SnapshotTaker::*step)(const WorkPtr&)) {
  const Status why = work->status;
  const auto pause = work->pause_before_retry(port_.now());
  if (!pause) return false;
  port_.retry_write(work->barrier.id, why, *pause, [this, work, step] { (this->*step)(work); });
  return true;
}

/// Or declines, if it could not be written.
void SnapshotTaker::acknowledge(SnapshotWork& work) {
  const CheckpointId id = work.barrier.id;
  if (!work.status.ok())
    return port_.decline({id, self_.speaker, FailureReason::snapshot_failed,
                          self_.name + ": " + work.status.message()});
  work.timings.async = port_.now() - work.frozen_at;
  work.timings.bytes = work.result.written_bytes();
  work.timings.overtaken_bytes = work.result.overtaken_bytes();
  port_.reached(Phase::acknowledged, id);
  port_.acknowledge({id, self_.speaker, std::move(work.result), work.timings});
}

void SnapshotTaker::on_completed(CheckpointId id) {
  commits_.on_completed(id);
  if (place_.local != nullptr) remove_copies(place_.local->on_completed(id));
}

void SnapshotTaker::on_aborted(CheckpointId id) {
  if (recording_ != nullptr && recording_->barrier.id == id) recording_ = nullptr;
  for (const auto& each : under_way_) {
    if (const WorkPtr work = each.lock(); work != nullptr && work->barrier.id == id)
      work->is_given_up = true;
  }
  if (place_.local != nullptr) remove_copies(place_.local->on_aborted(id));
}

std::vector<SnapshotSituation> SnapshotTaker::situation() const {
  std::vector<SnapshotSituation> situation;
  for (const auto& each : under_way_) {
    const WorkPtr work = each.lock();
    if (work == nullptr) continue;
    situation.push_back({work->barrier.id, port_.now() - work->frozen_at, work->missing != 0});
  }
  return situation;
}

void SnapshotTaker::remove_copies(std::vector<std::string> copies) {
  if (copies.empty()) return;
  port_.run_blocking([local = place_.local, copies = std::move(copies)] { local->remove(copies); },
                     [] {});
}

std::optional<TaskFailure> SnapshotTaker::take_failure() {
  if (failure_) return std::exchange(failure_, std::nullopt);
  if (log_ != nullptr) {
    if (auto failure = log_->take_failure()) return failure;
  }
  return commits_.take_failure();
}

}  // namespace weir::runtime
