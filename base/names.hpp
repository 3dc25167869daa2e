// Names of jobs and operators. They become file names, log fields and words of chaos rules.
#pragma once

#include <algorithm>
#include <string_view>

namespace weir::base {

/// What to say about a name that is none.
inline constexpr std::string_view kNameRule =
    "use 1 to 100 letters, digits, \"-\", \"_\" and \".\", not beginning with \".\"";

inline bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace weir::base
