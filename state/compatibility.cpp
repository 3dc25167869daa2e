#include "state/compatibility.hpp"

#include "state/migration.hpp"
#include "state/migration_plan.hpp"

#include <weir/timers.hpp>

#include <algorithm>

namespace weir::state {
namespace {

/// Returns a schema for people.
std::string readable(const std::string& text) {
  const auto schema = Schema::parse(text);
  return schema.ok() ? schema->text() : text;
}

std::string how_to_declare(std::string_view name) {
  return name.starts_with(detail::kTimerStates) ? "override on_timer" : "declare it";
}

/// Compares the states of one operator.
class Comparison {
public:
  Comparison(const KeyedStateHandle& handle, const KeyedStateInfo& info, bool allow_non_restored)
      : handle_{handle}, info_{info}, allow_non_restored_{allow_non_restored} {}

  Result<std::vector<std::string>> run() {
    if (handle_.max_parallelism != info_.max_parallelism)
      refuse("it was written with max parallelism " + std::to_string(handle_.max_parallelism) +
             ", the job has " + std::to_string(info_.max_parallelism) +
             "; set pipeline.max-parallelism to " + std::to_string(handle_.max_parallelism));
    if (!is_same_layout(handle_.key_schema, info_.key_schema))
      refuse("its keys were written as " + readable(handle_.key_schema) + ", the job has " +
             readable(info_.key_schema) +
             "; the key type of an operator cannot change: go back to the old one, or give the "
             "operator another name");
    for (const StateDescription& written : handle_.states) compare(written);
    if (problems_.empty()) return std::move(changes_);
    return Status{ErrorCode::failed_precondition, problems_};
  }

private:
  void compare(const StateDescription& written) {
    const auto at = std::find_if(info_.states.begin(), info_.states.end(),
                                 [&](const auto& state) { return state.name == written.name; });
    const auto schema = Schema::parse(written.schema);
    if (at == info_.states.end()) {
      if (!allow_non_restored_)
        refuse("the job no longer declares its state \"" + written.name + "\"; " +
               how_to_declare(written.name) + ", or drop it with --allow-non-restored-state");
      else if (!schema.ok())
        refuse_unknown(written);
    } else if (at->kind != written.kind) {
      refuse("its state \"" + written.name + "\" was written as " +
             std::string{name_of(written.kind)} + ", the job declares " +
             std::string{name_of(at->kind)} + "; go back, or give the new one another name");
    } else if (at->schema == written.schema) {
      return;
    } else if (!schema.ok()) {
      refuse_unknown(written);
    } else {
      compare(written, *schema, static_cast<std::size_t>(at - info_.states.begin()));
    }
  }

  void compare(const StateDescription& written, const Schema& from, std::size_t declared) {
    const auto to = Schema::parse(info_.states[declared].schema);
    if (!to.ok()) return refuse("its state \"" + written.name + "\": " + to.status().message());
    std::vector<detail::TypePart> parts;
    if (declared < info_.types.size()) parts = parts_of(*info_.types[declared]);
    const Migration migration = Migration::plan(from, *to, parts);
    for (const std::string& problem : migration.problems())
      refuse("its state \"" + written.name + "\" was written as " + from.text() +
             ", the job declares " + to->text() + "; they differ: " + problem);
    for (const std::string& change : migration.changes())
      changes_.push_back("state \"" + written.name + "\" of operator \"" + info_.operator_name +
                         "\": " + change);
  }

  void refuse_unknown(const StateDescription& written) {
    refuse("its state \"" + written.name + "\" has the unknown schema " + written.schema +
           "; a newer version of Weir wrote it");
  }
  void refuse(const std::string& why) {
    if (!problems_.empty()) problems_ += "\n  ";
    problems_ += "the state of operator \"" + info_.operator_name + "\" cannot be restored: " + why;
  }

  const KeyedStateHandle& handle_;
  const KeyedStateInfo& info_;
  bool allow_non_restored_;
  std::string problems_;
  std::vector<std::string> changes_;
};

/// Compares one state that belongs to no key.
class ElementComparison {
public:
  ElementComparison(const OperatorStateHandle& written, const detail::OperatorStateSpec* declared)
      : written_{written}, declared_{declared} {}

  Result<std::vector<std::string>> run() const {
    if (declared_ == nullptr)
      return refuse(
          "the job no longer declares it; declare it, or drop it with --allow-non-restored-state");
    if (declared_->kind != written_.kind)
      return refuse("it was written as " + std::string{name_of(written_.kind)} +
                    ", the job declares it as " + std::string{name_of(declared_->kind)} +
                    "; go back to the old kind or give the new one another name");
    const auto from = Schema::parse(written_.schema);
    if (!from.ok())
      return refuse("its elements have the unknown schema " + written_.schema +
                    "; a newer version of Weir wrote it");
    const auto to = Schema::parse(declared_->type->schema);
    if (!to.ok()) return refuse(to.status().message());
    return compare(*from, *to);
  }

private:
  Result<std::vector<std::string>> compare(const Schema& from, const Schema& to) const {
    const Migration migration = Migration::plan(from, to, parts_of(*declared_->type));
    std::vector<std::string> problems = migration.problems();
    if (problems.empty() && !has_same_keys(from, to))
      problems.push_back("keys of a broadcast map cannot change: two could become one");
    if (!problems.empty()) {
      std::string all;
      for (const std::string& problem : problems) all += "\n    " + problem;
      return refuse("its elements were written as " + from.text() + ", the job declares " +
                    to.text() +
                    "; go back to the old type or give the new one another name:" + all);
    }
    std::vector<std::string> changes;
    for (const std::string& change : migration.changes()) changes.push_back(name() + ": " + change);
    return changes;
  }

  bool has_same_keys(const Schema& from, const Schema& to) const {
    return written_.kind != detail::OperatorStateKind::broadcast ||
           is_same_layout(from.part(0), to.part(0));
  }

  std::string name() const {
    return "state \"" + written_.name + "\" of operator \"" + written_.operator_name + "\"";
  }
  Status refuse(const std::string& why) const {
    return {ErrorCode::failed_precondition, name() + " cannot be restored: " + why};
  }

  const OperatorStateHandle& written_;
  const detail::OperatorStateSpec* declared_;
};

}  // namespace

Result<std::vector<std::string>> check_compatible(const OperatorStateHandle& handle,
                                                  const detail::OperatorStateSpec* declared) {
  return ElementComparison{handle, declared}.run();
}

Result<std::vector<std::string>> check_compatible(const KeyedStateHandle& handle,
                                                  const KeyedStateInfo& info,
                                                  bool allow_non_restored) {
  return Comparison{handle, info, allow_non_restored}.run();
}

}  // namespace weir::state
