#include "state/rocksdb/expiry_filter.hpp"

#include "base/assert.hpp"
#include "state/schema.hpp"

#include <weir/bytes.hpp>

#include <string>
#include <utility>

namespace weir::state {

/// Passes over the elements of a stored list.
class StoredExpiry::Elements {
public:
  explicit Elements(Schema list) : list_{std::move(list)} {}

  bool any_after(std::string_view parts, std::int64_t dead) const {
    ByteReader in{parts};
    while (in.ok() && !in.at_end()) {
      for (std::size_t n = in.get_count(); n != 0 && in.ok(); --n) {
        ByteReader element = in;
        if (element.get<std::int64_t>() > dead) return true;
        list_.part(0).skip(in);
      }
    }
    return !in.ok();  // damage is for those to find who read it
  }

private:
  Schema list_;
};

StoredExpiry::StoredExpiry(const detail::StoreColumn& column) {
  if (!column.is_list) return;
  auto schema = Schema::parse(column.schema);
  WEIR_ASSERT(schema.ok(), "a state has a schema that makes no sense");
  elements_ = std::make_unique<Elements>(std::move(schema).value());
}

StoredExpiry::StoredExpiry(StoredExpiry&&) noexcept = default;
StoredExpiry::~StoredExpiry() = default;

bool StoredExpiry::has_expired(std::string_view value, std::int64_t dead) const {
  if (elements_ != nullptr) return !elements_->any_after(value, dead);
  ByteReader in{value};
  const auto touched = in.get<std::int64_t>();
  return in.ok() && touched <= dead;
}

namespace {

class ExpiryFilter final : public rocksdb::CompactionFilter {
public:
  ExpiryFilter(const StoredExpiry& expiry, std::int64_t dead) : expiry_{expiry}, dead_{dead} {}

  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    return expiry_.has_expired({value.data(), value.size()}, dead_);
  }
  const char* Name() const override { return "weir.expiry"; }

private:
  const StoredExpiry& expiry_;
  std::int64_t dead_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
public:
  ExpiryFilterFactory(const detail::StoreColumn& column,
                      std::shared_ptr<std::atomic<std::int64_t>> now)
      : expiry_{column}, ttl_ms_{column.ttl_ms}, now_{std::move(now)} {}

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryFilter>(expiry_, *now_ - ttl_ms_);
  }
  const char* Name() const override { return "weir.expiry"; }

private:
  StoredExpiry expiry_;
  std::int64_t ttl_ms_;
  std::shared_ptr<std::atomic<std::int64_t>> now_;
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> make_expiry_filter(
    const detail::StoreColumn& column, std::shared_ptr<std::atomic<std::int64_t>> now) {
  return std::make_shared<ExpiryFilterFactory>(column, std::move(now));
}

}  // namespace weir::state
