#include "runtime/task/snapshot_work.hpp"

#include "base/paths.hpp"
#include "state/channel_state.hpp"

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

SnapshotPlace snapshot_place(Env& env, std::string directory, const CheckpointOptions& options) {
  using state::Compression;
  return {.env = &env,
          .directory = std::move(directory),
          .inline_threshold = static_cast<std::size_t>(options.inline_threshold),
          .incremental = options.incremental,
          .compression = options.compress_snapshots ? Compression::zstd : Compression::none};
}

SnapshotWork::SnapshotWork(checkpoint::Barrier snapshot_barrier,
                           std::shared_ptr<Chain> frozen_chain, SnapshotPlace where,
                           std::string name)
    : chain{std::move(frozen_chain)}, barrier{std::move(snapshot_barrier)} {
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
  for (const Persist& p : persist) {
    status = p.committer->persist(p.txn).with_context("operator \"" + p.operator_name + "\"");
    if (!status.ok()) return;
  }
  if (!keyed.empty()) status = write_keyed();
  if (status.ok() && !operators.empty()) status = write_operators();
}

void SnapshotWork::write_overtaken() {
  status = write_channels();
  overtaken.clear();
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
  state::StateFile file{[this] { return create_file(); }, target_.place.inline_threshold,
                        target_.place.compression};
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
    if (!file.is_inlined()) handle.path = target_.file_name;
  }
  return {};
}

/// A file of its own: it has other readers than keyed state, and no copy on the node.
Status SnapshotWork::write_operators() {
  const std::string name = target_.file_name + ".operators";
  state::StateFile file{env(), path_of(name), target_.place.inline_threshold,
                        target_.place.compression};
  for (state::OperatorCut& cut : operators) {
    auto handle = state::write_elements(cut, file);
    if (!handle.ok()) return handle.status();
    result.operators.push_back(std::move(handle).value());
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_in(file, name, result.operators);
  return {};
}

/// Likewise. Savepoints have none but what goes round in iterations.
Status SnapshotWork::write_channels() {
  const std::string name = target_.file_name + ".channels";
  state::StateFile file{env(), path_of(name), target_.place.inline_threshold,
                        target_.place.compression};
  for (Overtaken& some : overtaken) {
    for (const Element& batch : some.batches) {
      if (Status added = add_batch(batch, file, some.handle); !added.ok()) return added;
    }
    result.channels.push_back(std::move(some.handle));
  }
  if (Status finished = file.finish(); !finished.ok()) return finished;
  state::place_in(file, name, result.channels);
  return {};
}

/// Of the next operator of the chain.
Result<state::KeyedStateHandle> SnapshotWork::write_files(state::KeyedCut& cut) const {
  const SnapshotPlace& place = target_.place;
  auto handle = cut.write_files(
      {.env = &env(),
       .directory = target_.directory,
       .prefix = target_.file_name + "." + std::to_string(result.keyed.size()) + ".",
       .inline_bytes = place.inline_threshold,
       .is_linkable = !is_savepoint(),
       .pool = place.pool});
  if (handle.ok() && place.local != nullptr && !is_savepoint())
    place.local->keep(barrier.id, state::native_place(*handle, target_.directory), cut.take_copy());
  return handle;
}

}  // namespace weir::runtime
