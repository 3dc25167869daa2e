// What edits mean for the names of operators and states, and whether they make sense.
#pragma once

#include "checkpoint/savepoints/rows.hpp"

#include <weir/savepoints/savepoint.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir::savepoints {

/// What becomes of an operator.
struct OperatorEdit {
  std::string name;  // from now on
  bool is_dropped = false;
  std::map<std::string, std::string> states = {};  // those that stay: old name to new name
  std::set<std::string> dropped = {};              // states
};

/// By the name that the operator has in the savepoint that is edited.
using OperatorEdits = std::map<std::string, OperatorEdit>;

/// Returns what becomes of each operator of `from`. Errors are those of `edit`.
Result<OperatorEdits> check_names(const Opened& from, const Edits& edits);

/// Checks that what `edits` takes out of `taken`, one for each, is there and fits.
Status check_taken(const Opened& from, const Edits& edits, const std::vector<const Opened*>& taken);

/// "operator "a"", or "state "s" of operator "a"".
std::string describe(const Name& name);

}  // namespace weir::savepoints
