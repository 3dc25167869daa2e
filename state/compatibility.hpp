// Whether state in a checkpoint can become the states that a job declares. Decided for each
// operator before anything starts.
#pragma once

#include "state/keyed_snapshot.hpp"
#include "state/operator_snapshot.hpp"

#include <string>
#include <vector>

namespace weir::state {

/// Checks that the rows of `handle` can become states of the operator described by `info`. Returns
/// what their values gain and lose, a line for each. `failed_precondition` has a line for each
/// problem: the state, what was written and what is declared, where they differ, the cure. A
/// written state that is no longer declared is one unless `allow_non_restored`.
Result<std::vector<std::string>> check_compatible(const KeyedStateHandle& handle,
                                                  const KeyedStateInfo& info,
                                                  bool allow_non_restored);

/// The same for a state of an operator without keys. `declared` is null if the job declares none of
/// its name.
Result<std::vector<std::string>> check_compatible(const OperatorStateHandle& handle,
                                                  const detail::OperatorStateSpec* declared);

}  // namespace weir::state
