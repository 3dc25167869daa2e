// Paths as text: joining, splitting, cleaning.
#pragma once

#include <string>
#include <vector>

namespace weir::base {

/// Returns `directory` and `name` joined by one slash; an empty directory adds none.
std::string join_path(const std::string& directory, const std::string& name);

/// Returns what stands before the last slash: "a/b" for "a/b/c", "/" for "/a", "." for "a".
std::string parent_of(const std::string& path);

/// Returns what stands after the last slash.
std::string name_of(const std::string& path);

/// Returns the names between the slashes, without empty ones and ".".
std::vector<std::string> path_parts(const std::string& path);

}  // namespace weir::base
