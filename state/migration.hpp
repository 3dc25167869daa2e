// Migration: how values of one schema become values of another. What the schemas mean to each other
// is decided once, by the names of fields (rules: docs/concepts/state.md); then bytes are read and
// bytes are written, without any C++ type.
#pragma once

#include "state/handle.hpp"
#include "state/schema.hpp"

#include <weir/detail/type.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// A part of a migration: reads an old value, writes a new one. Damaged bytes fail `in`.
class MigrationStep {
public:
  virtual ~MigrationStep() = default;
  virtual void run(ByteReader& in, ByteWriter& out) const = 0;
};

/// Returns the parts of a declared type of which a migration must know more than their schemas.
std::vector<detail::TypePart> parts_of(const detail::Type& type);

/// See the file comment. A cheap handle; may be used on any thread.
class Migration {
public:
  /// Compares what was written with what is declared. `parts` are those of the declared type,
  /// also if the schemas are only a part of it.
  static Migration plan(const Schema& written, const Schema& declared,
                        const std::vector<detail::TypePart>& parts);

  /// Why there is no way from one to the other, with paths such as `.address.zip`; empty: there is.
  const std::vector<std::string>& problems() const { return problems_; }
  /// What values gain and lose.
  const std::vector<std::string>& changes() const { return changes_; }
  /// Whether values cannot stay as they are.
  bool is_needed() const { return step_ != nullptr; }

  /// Moves `in` behind one value and appends it as it is to be. There must be no problems, and a
  /// need. `in` fails if the bytes are damaged; `out` then holds some of them.
  void run(ByteReader& in, ByteWriter& out) const { step_->run(in, out); }

private:
  std::shared_ptr<const MigrationStep> step_;  // null: values stay as they are
  std::vector<std::string> problems_;
  std::vector<std::string> changes_;
};

/// Whether what was written by one schema can be read by the other as it is, although one of them
/// may lack the names of fields.
bool is_same_layout(std::string_view written, std::string_view declared);

/// How values of the schema `written`, which was found to be compatible, become those of `type`;
/// nothing if they stay as they are.
std::optional<Migration> migration_of(const std::string& written, const detail::Type& type);

/// How what a store holds of a state becomes what it is to hold: values, entries of a map, or parts
/// of a list.
class StoredMigration {
public:
  /// The state was found to be compatible, and its values cannot stay as they are.
  StoredMigration(const StateDescription& written, const detail::Type& type);

  /// Appends what `stored` is to be. Throws detail::StoreError if it is damaged.
  void run(std::string_view stored, ByteWriter& out) const;

private:
  bool is_list_;
  Migration migration_;
};

}  // namespace weir::state
