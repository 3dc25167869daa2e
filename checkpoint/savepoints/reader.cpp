// Keyed state of a savepoint as the splits of a source. A split is called HANDLE:FIRST-LAST: the
// how-manieth handle of the operator, and the key groups. A position is an offset in its stream.
#include "base/paths.hpp"
#include "checkpoint/savepoints/contents.hpp"
#include "checkpoint/savepoints/rows.hpp"
#include "state/compatibility.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/row_reader.hpp"

#include <weir/detail/savepoint_rows.hpp>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <utility>

namespace weir::savepoints {
namespace {

using detail::SavepointQuery;
using detail::SavepointReader;
using detail::SavepointRows;
using state::GroupSlice;
using state::KeyedStateHandle;

constexpr std::uint64_t kSplitBytes = 1 << 20;  // key groups are joined up to this

/// The handles of one operator.
struct Found {
  Opened opened;
  std::vector<const KeyedStateHandle*> handles = {};  // of it
};

/// What a split is called after.
struct Range {
  std::size_t handle;
  std::uint32_t first;
  std::uint32_t last;

  std::string name() const {
    return std::to_string(handle) + ":" + std::to_string(first) + "-" + std::to_string(last);
  }
  static std::optional<Range> parse(const std::string& name) {
    Range range{};
    const int read =
        std::sscanf(name.c_str(), "%zu:%u-%u", &range.handle, &range.first, &range.last);
    return read == 3 ? std::optional{range} : std::nullopt;
  }
};

/// Walks over slices of a stream.
class SliceRows final : public SavepointRows {
public:
  /// Begins at the block at `position`.
  SliceRows(std::shared_ptr<const Found> found, HandleRows rows, std::vector<GroupSlice> slices,
            std::uint64_t position)
      : found_{std::move(found)},
        rows_{std::move(rows)},
        slices_{std::move(slices)},
        position_{position} {
    while (at_ < slices_.size() && end() <= position_) ++at_;
    enter();
  }

  std::optional<std::uint32_t> group() const override {
    return at_ < slices_.size() ? std::optional{slices_[at_].group} : std::nullopt;
  }

  Status read_into(detail::KeyedState& into) override {
    auto payload = rows_.reader.next_block();
    if (!payload.ok()) return payload.status();
    const std::string name = rows_.handle.path.empty() ? "_metadata" : rows_.handle.path;
    state::RowReader rows{rows_.handle, into};
    Status status = rows.read_block(*payload, base::join_path(found_->opened.directory, name) +
                                                  ", operator " + rows_.handle.operator_name + ",");
    if (!status.ok()) return status;
    position_ = rows_.reader.offset();
    if (rows_.reader.at_end()) {
      ++at_;
      enter();
    }
    return {};
  }

  std::uint64_t position() const override { return position_; }
  std::uint32_t max_parallelism() const override { return rows_.handle.max_parallelism; }
  WallTime taken_at() const override { return found_->opened.metadata.triggered_at; }

private:
  std::uint64_t end() const { return slices_[at_].offset + slices_[at_].size; }

  void enter() {
    if (at_ == slices_.size()) return;
    position_ = std::max(position_, slices_[at_].offset);
    rows_.reader.seek(position_, end() - position_);
  }

  std::shared_ptr<const Found> found_;
  HandleRows rows_;
  std::vector<GroupSlice> slices_;
  std::size_t at_ = 0;  // the slice that is read
  std::uint64_t position_;
};

class Reader final : public SavepointReader {
public:
  explicit Reader(SavepointQuery query) : query_{std::move(query)} {}

  Result<std::vector<Split>> list(Env& env) override {
    auto found = find(env);
    if (!found.ok()) return found.status();
    std::vector<Split> splits;
    for (std::size_t i = 0; i < (*found)->handles.size(); ++i)
      add_splits(i, *(*found)->handles[i], splits);
    return splits;
  }

  Result<std::unique_ptr<SavepointRows>> open(Env& env, const Split& split,
                                              std::uint64_t position) override {
    auto found = find(env);
    if (!found.ok()) return found.status();
    const auto range = Range::parse(split.id);
    if (!range || range->handle >= (*found)->handles.size())
      return Status{ErrorCode::failed_precondition,
                    "split " + split.id + " is not in " + query_.path +
                        ": it is another savepoint than when the job began; put back that one"};
    auto rows = open_rows(env, (*found)->opened.directory, *(*found)->handles[range->handle]);
    if (!rows.ok()) return rows.status();
    std::vector<GroupSlice> slices;
    for (const GroupSlice& slice : rows->handle.groups) {
      if (slice.group >= range->first && slice.group <= range->last) slices.push_back(slice);
    }
    return std::unique_ptr<SavepointRows>{
        std::make_unique<SliceRows>(*found, std::move(rows).value(), std::move(slices), position)};
  }

private:
  /// Reads the metadata once; whoever comes first does.
  Result<std::shared_ptr<const Found>> find(Env& env) {
    const std::lock_guard lock{mutex_};
    if (found_ != nullptr) return found_;
    auto opened = open_savepoint(env, query_.path);
    if (!opened.ok()) return opened.status();
    auto found = std::make_shared<Found>(Found{std::move(opened).value()});
    for (const auto& part : found->opened.metadata.parts) {
      for (const KeyedStateHandle& handle : part.state.keyed) {
        if (handle.operator_name == query_.operator_name) found->handles.push_back(&handle);
      }
    }
    if (Status status = check(*found); !status.ok())
      return status.with_context("cannot read " + found->opened.directory);
    found_ = std::move(found);
    return found_;
  }

  Status check(const Found& found) const {
    std::vector<std::string> known;
    for (const SavepointOperator& op : operators_of(found.opened.metadata)) {
      if (!op.key_schema.empty()) known.push_back(op.name);
    }
    if (found.handles.empty())
      return {ErrorCode::not_found, "there is no keyed state of an operator \"" +
                                        query_.operator_name + "\"" +
                                        known_names(known, "keyed state")};
    for (const KeyedStateHandle* handle : found.handles) {
      if (Status status = check(*handle); !status.ok()) return status;
    }
    return {};
  }

  Status check(const KeyedStateHandle& handle) const {
    state::KeyedStateInfo info{.operator_name = query_.operator_name,
                               .key_schema = query_.key_schema,
                               .max_parallelism = handle.max_parallelism,
                               .states = {}};
    std::vector<std::string> known;
    for (const state::StateDescription& state : handle.states) known.push_back(state.name);
    for (const detail::StateSpec& spec : query_.states) {
      if (std::find(known.begin(), known.end(), spec.name) == known.end())
        return {ErrorCode::not_found, "operator \"" + query_.operator_name + "\" has no state \"" +
                                          spec.name + "\"" + known_names(known, "states")};
      info.states.push_back({spec.name, spec.kind, spec.type->schema});
      info.types.push_back(spec.type);
    }
    return state::check_compatible(handle, info, true).status();
  }

  static void add_splits(std::size_t index, const KeyedStateHandle& handle,
                         std::vector<Split>& splits) {
    const auto add = [&](const GroupSlice& first, const GroupSlice& last, std::uint64_t bytes) {
      splits.push_back({Range{index, first.group, last.group}.name(), bytes});
    };
    if (handle.is_native() || handle.has_log())
      return add(handle.groups.front(), handle.groups.back(), handle.size_bytes());
    for (std::size_t i = 0; i < handle.groups.size();) {
      const GroupSlice& first = handle.groups[i];
      std::uint64_t bytes = first.size;
      while (++i < handle.groups.size() && bytes + handle.groups[i].size <= kSplitBytes)
        bytes += handle.groups[i].size;
      add(first, handle.groups[i - 1], bytes);
    }
  }

  const SavepointQuery query_;
  std::mutex mutex_;
  std::shared_ptr<const Found> found_;  // what is in the savepoint, once it is known
};

}  // namespace
}  // namespace weir::savepoints

namespace weir::detail {

std::shared_ptr<SavepointReader> SavepointReader::make(SavepointQuery query) {
  return std::make_shared<savepoints::Reader>(std::move(query));
}

}  // namespace weir::detail
