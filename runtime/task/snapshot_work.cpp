#include "runtime/task/snapshot_work.hpp"

#include "base/paths.hpp"
#include "state/channel_state.hpp"

#include <weir/hash.hpp>

#include <utility>

namespace weir::runtime {
namespace {

std::string directory_of(const checkpoint::Barrier& barrier, const SnapshotPlace& place) {
  if (!barrier.directory.empty()) return barrier.directory;
  return base::join_path(place.directory, "chk-" + std::to_string(barrier.id.value()));
}

Status add_batch(const Element& element, state::StateFile& file,
                 state::ChannelStateHandle& handle) {
  if (const auto* encoded = std::get_if<EncodedBatch>(&element))
    return state::add_batch(encoded->bytes, file, handle);
  ByteWriter out;
  std::get<detail::BatchRef>(element)->encode(out);
  return state::add_batch(out.view(), file, handle);
}

}  // namespace

SnapshotPlace snapshot_place(Env& env, std::string directory, const JobOptions& job) {
  using state::Compression;
  const CheckpointOptions& options = job.checkpoint;
  return {.env = &env,
          .directory = std::move(directory),
          .inline_threshold = static_cast<std::size_t>(options.inline_threshold),
          .incremental = options.incremental,
          .compression = options.compress_snapshots ? Compression::zstd : Compression::none,
          .retry = options.write_retry,
          .changelog = job.state.changelog};
}

SnapshotWork::SnapshotWork(checkpoint::Barrier snapshot_barrier,
                           std::shared_ptr<Chain> frozen_chain, SnapshotPlace where,
                           std::string name)
    : chain{std::move(frozen_chain)},
      barrier{std::move(snapshot_barrier)},
      retry_{where.retry, hash_bytes(name.data(), name.size()) + barrier.id.value()} {
  std::string directory = directory_of(barrier, where);
  target_ = {std::move(where), std::move(directory), std::move(name)};
}

bool SnapshotWork::has_store() const {
  return std::any_of(keyed.begin(), keyed.end(), [](const auto& cut) { return cut.has_store(); });
}

void SnapshotWork::write_back() {
  for_each_store([this](state::KeyedCut& cut) {
    if (status.ok()) status = cut.write_back(copy_above());
  });
}

void SnapshotWork::write_state() {
  status = {};
  if (progress_ == Progress::nothing) status = persist_all();
  if (status.ok() && progress_ == Progress::persisted) status = write_keyed();
  if (status.ok() && progress_ == Progress::keyed) status = write_operators();
}

void SnapshotWork::write_overtaken() {
  status = write_channels();
  if (status.ok()) overtaken.clear();
}

std::optional<Duration> SnapshotWork::pause_before_retry(Duration now) {
  if (status.ok() || is_given_up || progress_ == Progress::nothing) return std::nullopt;
  const auto pause = retry_.after(status, now);
  timings.write_retries = retry_.retries();
  if (!pause) status = retry_.outcome();
  return pause;
}

Status SnapshotWork::persist_all() {
  for (const Persist& p : persist) {
    Status safe = p.committer->persist(p.txn).with_context("operator \"" + p.operator_name + "\"");
    if (!safe.ok()) return safe;
  }
  progress_ = Progress::persisted;
  return {};
}

std::string SnapshotWork::path_of(const std::string& name) const {
  return base::join_path(target_.directory, name);
}

std::optional<std::uint64_t> SnapshotWork::copy_above() const {
  const bool copies =
      is_savepoint() ? barrier.format == SavepointFormat::native : target_.place.incremental;
  return copies ? std::optional<std::uint64_t>{target_.place.inline_threshold} : std::nullopt;
}

Result<std::unique_ptr<WritableFile>> SnapshotWork::create_file() const {
  const std::string path = path_of(target_.file_name);
  const SnapshotPlace& place = target_.place;
  // Nobody restarts from a savepoint by himself: a copy of it would be of no use.
  if (is_savepoint() || place.local == nullptr) return env().create(path);
  return place.local->create(*place.env, barrier.id, path);
}

Status SnapshotWork::write_keyed() {
  if (logged != nullptr) {
    if (Status written = logged->write(keyed, target_.directory); !written.ok()) return written;
    if (logged->chain()) {
      result.keyed = logged->chain()->handles;
      progress_ = Progress::keyed;
      return {};
    }
  }
  if (Status copied = write_copies(); !copied.ok()) return copied;
  state::StateFile file{[this] { return create_file(); }, target_.place.inline_threshold,
                        target_.place.compression};
  std::vector<state::KeyedStateHandle> handles;
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    auto handle = copies_[i] ? *copies_[i] : keyed[i].write(file);
    if (!handle.ok()) return handle.status();
    handles.push_back(std::move(handle).value());
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_rows(file, target_.file_name, handles);
  result.keyed = std::move(handles);
  progress_ = Progress::keyed;
  return {};
}

/// Of stores; each of their files once.
Status SnapshotWork::write_copies() {
  copies_.resize(keyed.size());
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    if (copies_[i] || !keyed[i].has_copy()) continue;
    auto handle = write_files(i);
    if (!handle.ok()) return handle.status();
    copies_[i] = std::move(handle).value();
  }
  return {};
}

/// A file of its own: it has other readers than keyed state, and no copy on the node.
Status SnapshotWork::write_operators() {
  const std::string name = target_.file_name + ".operators";
  state::StateFile file{env(), path_of(name), target_.place.inline_threshold,
                        target_.place.compression};
  std::vector<state::OperatorStateHandle> handles;
  for (state::OperatorCut& cut : operators) {
    auto handle = state::write_elements(cut, file);
    if (!handle.ok()) return handle.status();
    handles.push_back(std::move(handle).value());
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_in(file, name, handles);
  result.operators = std::move(handles);
  operators.clear();  // the elements need not be kept any longer
  progress_ = Progress::all;
  return {};
}

/// Likewise. Savepoints have none but what goes round in iterations.
Status SnapshotWork::write_channels() {
  const std::string name = target_.file_name + ".channels";
  state::StateFile file{env(), path_of(name), target_.place.inline_threshold,
                        target_.place.compression};
  std::vector<state::ChannelStateHandle> handles;
  for (const Overtaken& some : overtaken) {
    state::ChannelStateHandle& handle = handles.emplace_back(some.handle);
    for (const Element& batch : some.batches) {
      if (Status added = add_batch(batch, file, handle); !added.ok()) return added;
    }
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_in(file, name, handles);
  result.channels = std::move(handles);
  return {};
}

/// Of the i-th operator of the chain that has state.
Result<state::KeyedStateHandle> SnapshotWork::write_files(std::size_t i) {
  const SnapshotPlace& place = target_.place;
  state::KeyedCut& cut = keyed[i];
  auto handle = cut.write_files({.env = &env(),
                                 .directory = target_.directory,
                                 .prefix = target_.file_name + "." + std::to_string(i) + ".",
                                 .inline_bytes = place.inline_threshold,
                                 .is_linkable = !is_savepoint(),
                                 .pool = place.pool});
  if (handle.ok() && place.local != nullptr && !is_savepoint())
    place.local->keep(barrier.id, state::native_place(*handle, target_.directory), cut.take_copy());
  return handle;
}

}  // namespace weir::runtime
