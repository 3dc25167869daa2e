#include "state/rocksdb/rocksdb_backend.hpp"

#include "state/rocksdb/rocksdb_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <utility>

namespace weir::state {
namespace {

/// Adds parts of a list to its end.
class Append final : public rocksdb::AssociativeMergeOperator {
public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* result, rocksdb::Logger*) const override {
    result->clear();
    if (existing != nullptr) result->assign(existing->data(), existing->size());
    result->append(value.data(), value.size());
    return true;
  }
  const char* Name() const override { return "weir.append"; }
};

}  // namespace

class RocksDbMemory {
public:
  explicit RocksDbMemory(const RocksDbOptions& options) {
    cache = rocksdb::NewLRUCache(options.memory);
    const auto buffers =
        static_cast<std::size_t>(static_cast<double>(options.memory) * options.write_buffer_ratio);
    write_buffers = std::make_shared<rocksdb::WriteBufferManager>(buffers, cache);
    if (options.in_memory)
      env.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
    else
      env = {std::shared_ptr<void>{}, rocksdb::Env::Default()};  // lives as long as the process
  }

  std::shared_ptr<rocksdb::Env> env;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;  // takes its memory from the cache
};

namespace {

/// Checkpoints upload every file that a compaction writes. Changes spread over all keys would make
/// leveled compaction write all of L1 again for each few of them; universal compaction merges runs
/// of about one size, so that a change is written some three times in its life. The price is room:
/// while everything is merged into one run, the state is on disk twice.
void compact_rarely(rocksdb::Options& options) {
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  // So many sorted runs may a key lie in. More of them write less, and cost a walk over entries
  // more; a look-up is spared most by their filters.
  options.level0_file_num_compaction_trigger = 10;
  options.level0_slowdown_writes_trigger = 30;
  options.level0_stop_writes_trigger = 50;
}

rocksdb::Options options_of(const RocksDbOptions& wanted, const RocksDbMemory& memory) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.cache;
  table.cache_index_and_filter_blocks = true;  // or they would take memory beside the budget
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::Options options;
  options.env = memory.env.get();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_manager = memory.write_buffers;
  options.write_buffer_size = 64 << 20;
  options.max_background_jobs = wanted.background_threads;
  options.merge_operator = std::make_shared<Append>();
  options.compression = rocksdb::kLZ4Compression;
  options.max_open_files = -1;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.stats_dump_period_sec = 0;
  options.paranoid_checks = true;
  compact_rarely(options);
  return options;
}

std::unique_ptr<RocksDbDirectory> new_directory(const RocksDbMemory& memory,
                                                const RocksDbBackend::NewPath& new_path,
                                                std::string_view operator_name) {
  auto path = new_path(operator_name);
  if (!path.ok())
    throw detail::StoreError{"no room for the state of \"" + std::string{operator_name} +
                             "\": " + path.status().message() +
                             "; taskmanager.state.local.root-dirs names another place"};
  return std::make_unique<RocksDbDirectory>(memory.env, std::move(path).value());
}

}  // namespace

std::shared_ptr<RocksDbMemory> make_rocksdb_memory(const RocksDbOptions& options) {
  return std::make_shared<RocksDbMemory>(options);
}

RocksDbBackend::RocksDbBackend(const RocksDbOptions& options, std::shared_ptr<RocksDbMemory> memory,
                               NewPath new_path)
    : options_{options}, memory_{std::move(memory)}, new_path_{std::move(new_path)} {}

RocksDbBackend::~RocksDbBackend() = default;

detail::StateBackend::Opened RocksDbBackend::open(std::string_view operator_name,
                                                  const std::vector<detail::StoreColumn>& columns) {
  // A store may outlive its backend: a snapshot of a subtask that has been killed holds it.
  auto make_directory = [memory = memory_, new_path = new_path_,
                         name = std::string{operator_name}] {
    return new_directory(*memory, new_path, name);
  };
  return {std::make_unique<RocksDbStore>(options_of(options_, *memory_), make_directory(),
                                         make_directory, with_timers(columns)),
          options_.row_cache, options_.timers_max};
}

std::unique_ptr<detail::StoreDirectory> RocksDbBackend::make_directory(
    std::string_view operator_name) {
  return new_directory(*memory_, new_path_, operator_name);
}

std::unique_ptr<detail::StoreDirectory> RocksDbBackend::clone(detail::StoreDirectory& files,
                                                              std::string_view operator_name) {
  auto made = new_directory(*memory_, new_path_, operator_name);
  made->add_all(dynamic_cast<RocksDbDirectory&>(files));
  return made;
}

std::unique_ptr<detail::StoreView> RocksDbBackend::read(
    std::unique_ptr<detail::StoreDirectory> directory,
    const std::vector<detail::StoreColumn>& columns) {
  return open_copy(
      options_of(options_, *memory_),
      std::unique_ptr<RocksDbDirectory>{&dynamic_cast<RocksDbDirectory&>(*directory.release())},
      columns);
}

/// Adds a column for the order of each column's timers.
std::vector<detail::StoreColumn> RocksDbBackend::with_timers(
    std::vector<detail::StoreColumn> columns) const {
  if (options_.timers_max == 0) return columns;
  const auto holds_timers = [](const detail::StoreColumn& column) { return column.holds_timers; };
  const auto orders = std::count_if(columns.begin(), columns.end(), holds_timers);
  columns.resize(columns.size() + static_cast<std::size_t>(orders));
  return columns;
}

}  // namespace weir::state
