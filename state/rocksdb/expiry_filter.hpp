// Drops values that have expired when RocksDB compacts its files.
#pragma once

#include <weir/detail/state_store.hpp>

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weir::state {

/// Whether nothing of a stored value of `column` was touched after `dead`, in milliseconds since
/// 1970.
class StoredExpiry {
public:
  explicit StoredExpiry(const detail::StoreColumn& column);
  StoredExpiry(StoredExpiry&&) noexcept;
  ~StoredExpiry();

  bool has_expired(std::string_view value, std::int64_t dead) const;

private:
  class Elements;
  std::unique_ptr<Elements> elements_;  // of a list
};

/// `now` is in milliseconds since 1970, and what has expired before was never to be seen again.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_expiry_filter(
    const detail::StoreColumn& column, std::shared_ptr<std::atomic<std::int64_t>> now);

}  // namespace weir::state
