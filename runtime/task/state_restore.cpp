#include "runtime/task/state_restore.hpp"

#include "base/paths.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/native_snapshot.hpp"
#include "state/row_log.hpp"

#include <set>
#include <utility>

namespace weir::runtime {
namespace {

/// One attempt to read everything.
class Reading {
public:
  Reading(const RestoreOrder& order, checkpoint::LocalState* copies)
      : order_{order}, copies_{copies} {}

  Status run(const std::vector<ChainState>& states) {
    for (const state::KeyedStateHandle& handle : order_.restore.keyed) {
      for (const ChainState& into : states) {
        if (into.operator_name != handle.operator_name) continue;
        if (Status status = read(handle, *into.state); !status.ok()) return status;
      }
    }
    return {};
  }

  /// The file whose copy was damaged; empty: none was.
  const std::string& damaged_copy() const { return damaged_copy_; }

  RestoredFrom from() const {
    if (has_read_storage_) return RestoredFrom::storage;
    return has_read_copies_ ? RestoredFrom::copies : RestoredFrom::metadata;
  }

private:
  Status read(const state::KeyedStateHandle& handle, detail::KeyedState& into) {
    const bool is_first = begun_.insert(&into).second;
    if (handle.is_native()) return read_files(handle, into, is_first);
    if (handle.has_log()) {  // of which the node keeps no copies
      has_read_storage_ = true;
      return state::read_logged_rows(handle, *order_.env, order_.directory, into);
    }
    if (handle.path.empty()) {
      const std::string place = "the state of " + handle.operator_name + " in " + order_.directory;
      state::StateReader reader{handle.inlined, place + "/_metadata"};
      return state::read_rows(handle, reader, into);
    }
    const std::string path = base::join_path(order_.directory, handle.path);
    if (auto copy = copies_ == nullptr ? nullptr : copies_->open(path)) {
      has_read_copies_ = true;
      state::StateReader reader{std::move(copy), "the copy of " + path};
      Status status = state::read_rows(handle, reader, into);
      if (!status.ok()) damaged_copy_ = path;
      return status;
    }
    has_read_storage_ = true;
    auto file = order_.env->open(path);
    if (!file.ok()) return file.status();
    state::StateReader reader{std::move(file).value(), path};
    return state::read_rows(handle, reader, into);
  }

  Status read_files(const state::KeyedStateHandle& handle, detail::KeyedState& into,
                    bool is_first) {
    const std::string place = state::native_place(handle, order_.directory);
    const auto local = copies_ == nullptr ? nullptr : copies_->kept(place);
    (local != nullptr ? has_read_copies_ : has_read_storage_) = true;
    Status status =
        state::read_copy(handle, {order_.env, order_.directory, local.get(), order_.pool},
                         *order_.backend(), into, is_first);
    if (!status.ok() && local != nullptr) damaged_copy_ = place;
    return status;
  }

  const RestoreOrder& order_;
  checkpoint::LocalState* copies_;
  std::set<const detail::KeyedState*> begun_;  // something has been read into them
  bool has_read_copies_ = false;
  bool has_read_storage_ = false;
  std::string damaged_copy_;
};

/// Falls back on what is in storage if a copy of it is damaged.
Result<RestoredFrom> read_keyed(const RestoreOrder& order, const std::vector<ChainState>& states) {
  Reading reading{order, order.copies};
  Status status = reading.run(states);
  if (status.ok()) return reading.from();
  if (reading.damaged_copy().empty()) return status;
  order.copies->discard(reading.damaged_copy(), status);
  for (const ChainState& some : states) some.state->clear_all();
  Reading again{order, nullptr};
  status = again.run(states);
  if (!status.ok()) return status;
  return again.from();
}

Status restore_timers(const std::vector<ChainState>& states) {
  try {
    for (const ChainState& some : states) {
      if (some.timers != nullptr) some.timers->restore();
    }
  } catch (const detail::StoreError& error) {
    return {ErrorCode::unavailable, error.what()};
  }
  return {};
}

}  // namespace

Result<RestoredFrom> read_state(const RestoreOrder& order, const std::vector<ChainState>& states) {
  auto restored = read_keyed(order, states);
  if (!restored.ok()) return restored;
  if (Status status = restore_timers(states); !status.ok()) return status;
  return restored;
}

}  // namespace weir::runtime
