// MigrationPlan: compares what was written with what is declared, part by part, and finds the steps
// from one to the other.
#pragma once

#include "state/migration_steps.hpp"

namespace weir::state {

/// See the file comment. All differences are found, not only the first.
class MigrationPlan {
public:
  explicit MigrationPlan(const std::vector<detail::TypePart>& parts) : parts_{parts} {}

  /// Returns null if values stay as they are, or cannot be had; then there are problems. `path`
  /// says where in the value this is; empty: all of it.
  StepPtr plan(const Schema& from, const Schema& to, const std::string& path);

  std::vector<std::string> problems;
  std::vector<std::string> changes;

private:
  StepPtr plan_codec(const Schema& from, const Schema& to, const std::string& path);
  StepPtr plan_by_position(const Schema& from, const Schema& to, const std::string& path);
  StepPtr plan_by_name(const Schema& from, const Schema& to, const std::string& path);
  /// Returns a step for each part of `to`, which are those of `from`; none if all stay.
  std::vector<StepPtr> plan_parts(const Schema& from, const Schema& to, const std::string& path);
  StepPtr check_key(const Schema& from, const Schema& to, const std::string& path);
  std::vector<Bytes> defaults_of(const Schema& aggregate, const std::string& field);
  StepPtr refuse(const std::string& path, const std::string& why);
  StepPtr differ(const Schema& from, const Schema& to, const std::string& path);

  const std::vector<detail::TypePart>& parts_;  // of the declared type
};

/// Whether values stay as they are, even where one of the schemas lacks names of fields.
bool is_same_layout(const Schema& written, const Schema& declared);

}  // namespace weir::state
