// Reading operator state without the program that wrote it: by the schemas that are stored with it.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <functional>
#include <string>

namespace weir::state {

/// Checks every block and every element. `corrupt` names the file, and the offset.
/// `failed_precondition` if the schema is of a newer version.
Status verify_elements(const OperatorStateHandle& handle, StateReader& reader);

/// Calls `print` with each element as JSON, in the order of the state; `key` is empty unless it is
/// the entry of a map. Errors are those of `verify_elements`.
Status print_elements(
    const OperatorStateHandle& handle, StateReader& reader,
    const std::function<void(const std::string& key, const std::string& value)>& print);

}  // namespace weir::state
