// Configuration files: options in YAML, nested or with dots.
#pragma once

#include <weir/result.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

/// Reads a YAML file of options: "a: {b: 1}" and "a.b: 1" mean the same. Returns keys and values in
/// the order of the file. `invalid_argument` names file and line.
Result<std::vector<std::pair<std::string, std::string>>> read_config_file(const std::string& path);

}  // namespace weir::cli
