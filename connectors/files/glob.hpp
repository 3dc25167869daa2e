// Finding files by patterns, on any Env.
#pragma once

#include <weir/env.hpp>

#include <string>
#include <vector>

namespace weir::files {

/// Whether `name` matches a pattern of one path part: "*", "?", "[a-z]", "[!a-z]"; a "\" takes the
/// next character as it is. As in a shell, "*" and "?" do not match a leading ".".
bool matches(std::string_view pattern, std::string_view name);

/// Returns the files that an input names, sorted: itself, the files beneath a directory, or those
/// that match a pattern; see weir/files.hpp. `not_found` if there are none.
Result<std::vector<std::string>> find_files(Env& env, const std::string& input);

}  // namespace weir::files
