// Option keys: the options of a job by the names that Flink gives them.
#pragma once

#include <weir/options.hpp>
#include <weir/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::runtime {

/// One option key, for documentation.
struct OptionKey {
  std::string key;
  std::string type;           // "duration", "int", ...
  std::string default_value;  // in the form in which it is read
  std::string help;
};

/// All known keys, sorted.
const std::vector<OptionKey>& option_keys();

/// Sets the option named `key`. `invalid_argument` if there is no such key (names the nearest one)
/// or the value cannot be read.
Status set_option(JobOptions& options, std::string_view key, std::string_view value);

}  // namespace weir::runtime
