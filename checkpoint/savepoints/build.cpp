// Writing a savepoint: rows are sorted by a store of RocksDB in TMPDIR, whose keys begin with the
// key group, and then written like those of a job.
#include "base/names.hpp"
#include "base/paths.hpp"
#include "checkpoint/savepoint.hpp"
#include "checkpoint/savepoints/rows.hpp"
#include "checkpoint/storage.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/row_blocks.hpp"

#include <weir/clock.hpp>
#include <weir/detail/key_group.hpp>
#include <weir/detail/savepoint_build.hpp>
#include <weir/savepoints/writer.hpp>

#include <set>
#include <utility>

namespace weir::savepoints {
namespace {

using checkpoint::CheckpointMetadata;
using weir::detail::KeyGroupRange;

constexpr std::size_t kMemoryLeast = 8 << 20;
constexpr std::size_t kWriteBytes = 1 << 20;  // rows that go to the store at once

/// The rows of one operator, sorted.
class SortedRows final : public weir::detail::SavepointRowSink {
public:
  SortedRows(state::KeyedStateInfo info, Scratch& scratch) : info_{std::move(info)} {
    guarded([&] {
      store_ = scratch.backend().open(info_.operator_name, {weir::detail::StoreColumn{}}).store;
    });
  }

  std::uint32_t max_parallelism() const override { return info_.max_parallelism; }

  void put(std::uint32_t group, std::string_view key, std::string_view values) override {
    writes_.put(0, key_of(group, key), values);
    flush_above(kWriteBytes);
  }
  void erase(std::uint32_t group, std::string_view key) override {
    writes_.erase(0, key_of(group, key));
    flush_above(kWriteBytes);
  }

  const Status& status() const { return status_; }
  const std::string& name() const { return info_.operator_name; }

  /// Nothing may be put afterwards.
  void finish() { flush_above(0); }

  /// Writes the rows of some key groups.
  Result<state::KeyedStateHandle> write(KeyGroupRange range, state::StateFile& file) {
    state::KeyedStateHandle handle = state::empty_handle(info_);
    state::RowBlocks blocks{file, handle};
    guarded([&] {
      const std::string end = weir::detail::store_prefix(range.end);
      std::optional<std::uint32_t> group;
      const auto cursor = store_->cursor(0, weir::detail::store_prefix(range.begin));
      for (; cursor->is_valid() && cursor->key() < end; cursor->next()) {
        const std::uint32_t next = weir::detail::store_group(cursor->key());
        if (group != next) blocks.begin_group(next);
        group = next;
        const std::string_view key = cursor->key().substr(weir::detail::kStoreGroupBytes);
        blocks.row().put_raw(key.data(), key.size());
        blocks.row().put_raw(cursor->value().data(), cursor->value().size());
        blocks.end_row();
      }
    });
    if (!status_.ok()) return status_;
    if (Status status = blocks.finish(); !status.ok()) return status;
    return handle;
  }

private:
  static std::string key_of(std::uint32_t group, std::string_view key) {
    std::string all = weir::detail::store_prefix(group);
    return all.append(key);
  }

  void flush_above(std::size_t bytes) {
    if (!status_.ok()) return writes_.clear();
    if (writes_.bytes() <= bytes) return;
    guarded([&] { store_->write(writes_); });
    writes_.clear();
  }

  /// Keeps the first error.
  template <class F>
  void guarded(F f) {
    if (!status_.ok()) return;
    try {
      f();
    } catch (const weir::detail::StoreError& error) {
      status_ = {ErrorCode::unavailable, error.what()};
    }
  }

  state::KeyedStateInfo info_;
  std::unique_ptr<weir::detail::StateStore> store_;
  weir::detail::StoreWrites writes_;
  Status status_;
};

class Build final : public weir::detail::SavepointBuild {
public:
  Build(Env& env, std::string path, const SavepointWriterOptions& options)
      : env_{env}, path_{std::move(path)}, options_{options}, scratch_{options.memory_bytes} {}
  ~Build() override {
    if (!is_complete_) (void)checkpoint::delete_savepoint(env_, path_);
  }

  Status begin() {
    if (Status status = scratch_.status(); !status.ok()) return status;
    return checkpoint::create_savepoint(env_, path_);
  }

  weir::detail::SavepointRowSink& add(const std::string& operator_name,
                                      const std::string& key_schema,
                                      const std::vector<weir::detail::StateSpec>& states) override {
    state::KeyedStateInfo info{.operator_name = operator_name,
                               .key_schema = key_schema,
                               .max_parallelism = options_.max_parallelism,
                               .states = {},
                               .expiries = {}};
    std::set<std::string> names;
    for (const weir::detail::StateSpec& spec : states) {
      info.states.push_back({spec.name, spec.kind, spec.type->schema});
      if (!names.insert(spec.name).second)
        refuse("operator \"" + operator_name + "\" has two states \"" + spec.name + "\"");
    }
    if (!base::is_name(operator_name))
      refuse("no operator can be called \"" + operator_name + "\"; " +
             std::string{base::kNameRule});
    for (const auto& other : operators_) {
      if (other->name() == operator_name)
        refuse("operator \"" + operator_name + "\" is added twice; name all its states at once");
    }
    return *operators_.emplace_back(std::make_unique<SortedRows>(std::move(info), scratch_));
  }

  Status publish() override {
    if (!status_.ok()) return status_;
    CheckpointMetadata metadata{.job = options_.job,
                                .run = "written",
                                .id = CheckpointId{1},
                                .epoch = Epoch{1},
                                .kind = checkpoint::CheckpointKind::savepoint,
                                .triggered_at = Clock::system().wall(),
                                .max_parallelism = options_.max_parallelism,
                                .parts = {},
                                .remaining = {}};
    for (const auto& op : operators_) {
      if (Status status = write(*op, metadata); !status.ok())
        return status.with_context("cannot write the savepoint " + path_);
    }
    if (Status status = checkpoint::publish_savepoint(env_, path_, metadata); !status.ok())
      return status;
    is_complete_ = true;
    return {};
  }

private:
  void refuse(const std::string& why) {
    if (status_.ok()) status_ = {ErrorCode::invalid_argument, why};
  }

  Status write(SortedRows& rows, CheckpointMetadata& metadata) {
    rows.finish();
    if (!rows.status().ok()) return rows.status();
    for (std::uint32_t i = 0; i < options_.parallelism; ++i) {
      const std::string name = rows.name() + "-" + std::to_string(i) + ".state";
      state::StateFile file{env_, base::join_path(path_, name), kInlineBytes};
      auto handle = rows.write(
          weir::detail::range_of_subtask(i, options_.parallelism, options_.max_parallelism), file);
      if (!handle.ok()) return handle.status();
      if (Status status = finish_rows(file, name, *handle); !status.ok()) return status;
      checkpoint::SubtaskPart part{.vertex = rows.name(), .index = i, .state = {}};
      part.state.keyed.push_back(std::move(handle).value());
      metadata.parts.push_back(std::move(part));
    }
    return {};
  }

  Env& env_;
  const std::string path_;
  const SavepointWriterOptions options_;
  Scratch scratch_;
  std::vector<std::unique_ptr<SortedRows>> operators_;  // their stores lie in scratch_
  Status status_;                                       // what is wrong with the operators
  bool is_complete_ = false;
};

Status check(const SavepointWriterOptions& options) {
  const std::uint32_t max = options.max_parallelism;
  if (max < 1 || max > weir::detail::kMostKeyGroups)
    return {ErrorCode::invalid_argument, "max parallelism " + std::to_string(max) +
                                             " is outside of 1 to " +
                                             std::to_string(weir::detail::kMostKeyGroups)};
  if (options.parallelism < 1 || options.parallelism > max)
    return {ErrorCode::invalid_argument, "parallelism " + std::to_string(options.parallelism) +
                                             " is outside of 1 to " + std::to_string(max) +
                                             ", the max parallelism"};
  if (options.memory_bytes < kMemoryLeast)
    return {ErrorCode::invalid_argument, "less than 8 MiB of memory only stalls"};
  return {};
}

}  // namespace
}  // namespace weir::savepoints

namespace weir::detail {

Result<std::unique_ptr<SavepointBuild>> SavepointBuild::create(
    Env& env, const std::string& path, const SavepointWriterOptions& options) {
  const std::string directory = checkpoint::strip_scheme(path);
  if (Status status = savepoints::check(options); !status.ok()) return status;
  if (env.stat(directory).ok())
    return Status{ErrorCode::already_exists,
                  directory + " exists, and nothing is overwritten; name a new directory"};
  auto build = std::make_unique<savepoints::Build>(env, directory, options);
  if (Status status = build->begin(); !status.ok()) return status;
  return std::unique_ptr<SavepointBuild>{std::move(build)};
}

}  // namespace weir::detail
