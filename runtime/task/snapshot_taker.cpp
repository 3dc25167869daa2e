#include "runtime/task/snapshot_taker.hpp"

#include "base/paths.hpp"
#include "state/keyed_cut.hpp"
#include "state/operator_snapshot.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

using checkpoint::Barrier;
using checkpoint::SnapshotTimings;
using state::PreparedTransaction;

SnapshotPlace snapshot_place(Env& env, std::string directory, const CheckpointOptions& options) {
  using state::Compression;
  return {.env = &env,
          .directory = std::move(directory),
          .inline_threshold = static_cast<std::size_t>(options.inline_threshold),
          .incremental = options.incremental,
          .compression = options.compress_snapshots ? Compression::zstd : Compression::none};
}

/// Touched by the subtask before and after, by the pool in between; never by both at once.
struct SnapshotTaker::Work {
  struct Persist {
    std::shared_ptr<detail::Committer> committer;
    std::string operator_name;
    Bytes txn;
  };

  Barrier barrier;
  SnapshotTimings timings;
  Duration frozen_at{};
  std::shared_ptr<Chain> chain;  // keeps the frozen rows alive if the subtask ends meanwhile
  std::vector<state::KeyedCut> keyed;
  std::vector<state::OperatorCut> operators;
  std::vector<Persist> persist;
  SnapshotPlace place;
  std::string directory;
  std::string file_name;
  state::SubtaskState result;
  Status status;

  bool has_store() const {
    return std::any_of(keyed.begin(), keyed.end(), [](const auto& cut) { return cut.has_store(); });
  }

  template <class F>
  void for_each_store(F f) {
    for (state::KeyedCut& cut : keyed) {
      if (cut.has_store()) f(cut);
    }
  }

  void write_back() {
    for_each_store([this](state::KeyedCut& cut) {
      if (status.ok()) status = cut.write_back(copy_above());
    });
  }

  bool is_savepoint() const { return !barrier.directory.empty(); }

  std::optional<std::uint64_t> copy_above() const {
    const bool copies =
        is_savepoint() ? barrier.format == SavepointFormat::native : place.incremental;
    return copies ? std::optional<std::uint64_t>{place.inline_threshold} : std::nullopt;
  }

  void run() {
    for (const Persist& p : persist) {
      status = p.committer->persist(p.txn).with_context("operator \"" + p.operator_name + "\"");
      if (!status.ok()) return;
    }
    if (!keyed.empty()) status = write_keyed();
    if (status.ok() && !operators.empty()) status = write_operators();
  }

  Result<std::unique_ptr<WritableFile>> create_file() const {
    const std::string path = base::join_path(directory, file_name);
    // Nobody restarts from a savepoint by himself: a copy of it would be of no use.
    if (is_savepoint()) return place.savepoints->create(path);
    if (place.local == nullptr) return place.env->create(path);
    return place.local->create(*place.env, barrier.id, path);
  }

  Status write_keyed() {
    state::StateFile file{[this] { return create_file(); }, place.inline_threshold,
                          place.compression};
    for (state::KeyedCut& cut : keyed) {
      auto handle = cut.has_copy() ? write_files(cut) : cut.write(file);
      if (!handle.ok()) return handle.status();
      result.keyed.push_back(std::move(handle).value());
    }
    if (Status finished = file.finish(); !finished.ok()) return finished;
    // Each handle gets the whole stream of the chain; with one keyed operator, the usual case, that
    // is its own.
    const Bytes stream = file.take_inlined();
    for (state::KeyedStateHandle& handle : result.keyed) {
      if (handle.is_native()) continue;
      handle.inlined = stream;
      if (!file.is_inlined()) handle.path = file_name;
    }
    return {};
  }

  /// A file of its own: it has other readers than keyed state, and no copy on the node.
  Status write_operators() {
    const std::string name = file_name + ".operators";
    Env& env = barrier.directory.empty() ? *place.env : *place.savepoints;
    state::StateFile file{env, base::join_path(directory, name), place.inline_threshold,
                          place.compression};
    for (state::OperatorCut& cut : operators) {
      auto handle = state::write_elements(cut, file);
      if (!handle.ok()) return handle.status();
      result.operators.push_back(std::move(handle).value());
    }
    if (Status finished = file.finish(); !finished.ok()) return finished;
    state::place_in(file, name, result.operators);
    return {};
  }

  /// Of the next operator of the chain.
  Result<state::KeyedStateHandle> write_files(state::KeyedCut& cut) const {
    auto handle =
        cut.write_files({.env = is_savepoint() ? place.savepoints : place.env,
                         .directory = directory,
                         .prefix = file_name + "." + std::to_string(result.keyed.size()) + ".",
                         .inline_bytes = place.inline_threshold,
                         .is_linkable = !is_savepoint(),
                         .pool = place.pool});
    if (handle.ok() && place.local != nullptr && !is_savepoint())
      place.local->keep(barrier.id, state::native_place(*handle, directory), cut.take_copy());
    return handle;
  }
};

SnapshotTaker::SnapshotTaker(std::shared_ptr<Chain> chain, SourceInput* source,
                             std::string position_schema, SnapshotPlace place,
                             LostTransactions lost, checkpoint::Speaker self, std::string name,
                             SubtaskPort& port)
    : chain_{std::move(chain)},
      source_{source},
      position_schema_{std::move(position_schema)},
      place_{std::move(place)},
      lost_{lost},
      self_{self},
      name_{std::move(name)},
      port_{port},
      ledgers_(chain_->sinks().size()) {}

SnapshotTaker::~SnapshotTaker() = default;

void SnapshotTaker::take(const Barrier& barrier, SnapshotTimings timings, bool is_finished) {
  const Duration began = port_.now();
  auto work = std::make_shared<Work>();
  work->barrier = barrier;
  work->chain = chain_;
  work->place = place_;
  work->directory = barrier.directory;
  if (work->directory.empty())
    work->directory =
        base::join_path(place_.directory, "chk-" + std::to_string(barrier.id.value()));
  work->file_name = name_ + "-" + std::to_string(self_.attempt.value()) + ".state";
  work->result.is_finished = is_finished;

  for (const ChainState& s : chain_->states())
    work->keyed.emplace_back(state::describe(s.operator_name, s.key_schema, *s.state), *s.state);
  for (const ChainOperatorState& s : chain_->operator_states())
    work->operators.emplace_back(s.operator_name, *s.state);
  if (source_ != nullptr)
    work->result.sources.push_back({chain_->head_name(), position_schema_, source_->positions()});
  for (std::size_t i = 0; i < chain_->sinks().size(); ++i) {
    ChainSink& sink = chain_->sinks()[i];
    std::optional<Bytes> unfinished;
    call_user_code(sink.operator_name, [&] {
      if (auto txn = sink.writer->prepare()) ledgers_[i].prepared(barrier.id, std::move(*txn));
      unfinished = sink.writer->unfinished();
    });
    if (sink.committer == nullptr) continue;
    state::SinkState state{sink.operator_name, sink.txn_schema, ledgers_[i].uncommitted()};
    if (unfinished) state.transactions.push_back({barrier.id, std::move(*unfinished)});
    for (const PreparedTransaction& t : state.transactions) {
      if (t.checkpoint > persisted_)
        work->persist.push_back({sink.committer, sink.operator_name, t.txn});
    }
    work->result.sinks.push_back(std::move(state));
  }
  work->frozen_at = port_.now();
  timings.sync = work->frozen_at - began;
  work->timings = timings;
  port_.reached(Phase::snapshotted, barrier.id);
  if (!work->has_store()) return upload(work);
  write_backs_.push_back(work);
  if (write_backs_.size() == 1) write_back_next();
}

/// Brings the stores up to date, for one snapshot after the other, in the order of their barriers.
void SnapshotTaker::write_back_next() {
  const std::shared_ptr<Work> work = write_backs_.front();
  work->for_each_store([](state::KeyedCut& cut) { cut.begin(); });
  port_.run_blocking([work] { work->write_back(); }, [this, work] { on_written_back(work); });
}

void SnapshotTaker::on_written_back(const std::shared_ptr<Work>& work) {
  if (!work->status.ok()) {
    // What the store holds is not known any more.
    failure_ = {chain_->head_name(), work->status.message(), TaskFailure::Kind::transient};
    return;
  }
  work->for_each_store([](state::KeyedCut& cut) { cut.on_written(); });
  write_backs_.pop_front();
  upload(work);
  if (!write_backs_.empty()) write_back_next();
}

void SnapshotTaker::upload(const std::shared_ptr<Work>& work) {
  port_.run_blocking([work] { work->run(); }, [this, work] { on_uploaded(work); });
}

void SnapshotTaker::on_uploaded(const std::shared_ptr<Work>& work) {
  for (state::KeyedCut& cut : work->keyed) cut.release();
  const CheckpointId id = work->barrier.id;
  if (!work->status.ok()) {
    port_.decline({id, self_, checkpoint::FailureReason::snapshot_failed,
                   name_ + ": " + work->status.message()});
    return;
  }
  persisted_ = std::max(persisted_, id);
  work->timings.async = port_.now() - work->frozen_at;
  work->timings.bytes = work->result.written_bytes();
  port_.reached(Phase::acknowledged, id);
  port_.acknowledge({id, self_, std::move(work->result), work->timings});
}

void SnapshotTaker::on_completed(CheckpointId id) {
  completed_ = std::max(completed_, id);
  for (std::size_t i = 0; i < ledgers_.size(); ++i) commit_next(i);
  if (place_.local != nullptr) remove_copies(place_.local->on_completed(id));
}

void SnapshotTaker::on_aborted(CheckpointId id) {
  if (place_.local != nullptr) remove_copies(place_.local->on_aborted(id));
}

void SnapshotTaker::remove_copies(std::vector<std::string> copies) {
  if (copies.empty()) return;
  port_.run_blocking([local = place_.local, copies = std::move(copies)] { local->remove(copies); },
                     [] {});
}

/// Commits what is due for one sink, unless a commit is under way: then it continues after that
/// one, so that transactions become visible in the order in which they were prepared.
void SnapshotTaker::commit_next(std::size_t sink) {
  checkpoint::TransactionLedger& ledger = ledgers_[sink];
  if (ledger.in_commit() != 0) return;
  auto transactions = ledger.take_committable(completed_);
  if (transactions.empty()) return;
  auto run = std::make_shared<CommitRun>();
  port_.run_blocking(
      [run, committer = chain_->sinks()[sink].committer, transactions = std::move(transactions),
       lost = lost_] { *run = commit_all(*committer, transactions, lost); },
      [this, sink, run] { on_committed(sink, *run); });
}

void SnapshotTaker::on_committed(std::size_t sink, const CommitRun& run) {
  const std::string& name = chain_->sinks()[sink].operator_name;
  if (run.lost != 0) {
    lost_count_ += run.lost;
    port_.lost_transactions(name, run.lost, run.first_lost);
  }
  if (!run.status.ok()) {
    failure_ = {name, "commit failed: " + run.status.message(),
                run.is_permanent ? TaskFailure::Kind::permanent : TaskFailure::Kind::transient};
    return;
  }
  ledgers_[sink].committed(ledgers_[sink].in_commit());
  commit_next(sink);
}

bool SnapshotTaker::has_uncommitted() const {
  return std::any_of(ledgers_.begin(), ledgers_.end(),
                     [](const auto& ledger) { return !ledger.uncommitted().empty(); });
}

}  // namespace weir::runtime
