#include "state/migration.hpp"

#include "base/assert.hpp"
#include "state/migration_plan.hpp"

#include <weir/detail/state_store.hpp>

#include <utility>

namespace weir::state {
namespace {

Schema parse(const std::string& text) {
  auto schema = Schema::parse(text);
  WEIR_ASSERT(schema.ok(), "a schema was not checked before");
  return std::move(schema).value();
}

/// Of a map in a store, each entry is a value of its own.
Migration plan_stored(const StateDescription& written, const detail::Type& type) {
  const Schema from = parse(written.schema);
  const Schema to = parse(type.schema);
  const bool is_map = written.kind == detail::StateKind::map;
  return Migration::plan(is_map ? from.part(1) : from, is_map ? to.part(1) : to, parts_of(type));
}

}  // namespace

std::vector<detail::TypePart> parts_of(const detail::Type& type) {
  std::vector<detail::TypePart> parts;
  if (type.list_parts != nullptr) type.list_parts(parts);
  return parts;
}

Migration Migration::plan(const Schema& written, const Schema& declared,
                          const std::vector<detail::TypePart>& parts) {
  MigrationPlan plan{parts};
  Migration migration;
  migration.step_ = plan.plan(written, declared, {});
  migration.problems_ = std::move(plan.problems);
  migration.changes_ = std::move(plan.changes);
  return migration;
}

bool is_same_layout(std::string_view written, std::string_view declared) {
  if (written == declared) return true;
  const auto from = Schema::parse(written);
  const auto to = Schema::parse(declared);
  return from.ok() && to.ok() && is_same_layout(*from, *to);
}

std::optional<Migration> migration_of(const std::string& written, const detail::Type& type) {
  if (written == type.schema) return std::nullopt;
  Migration migration = Migration::plan(parse(written), parse(type.schema), parts_of(type));
  WEIR_ASSERT(migration.problems().empty(), "a state was not checked before");
  if (!migration.is_needed()) return std::nullopt;
  return migration;
}

StoredMigration::StoredMigration(const StateDescription& written, const detail::Type& type)
    : is_list_{written.kind == detail::StateKind::list}, migration_{plan_stored(written, type)} {}

void StoredMigration::run(std::string_view stored, ByteWriter& out) const {
  ByteReader in{stored};
  do {
    migration_.run(in, out);
  } while (is_list_ && in.ok() && !in.at_end());
  if (!in.ok() || !in.at_end())
    throw detail::StoreError{"the stored state holds a value that makes no sense"};
}

}  // namespace weir::state
