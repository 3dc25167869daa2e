// The options of `Security`, by the names that a configuration gives them.
#pragma once

#include "actors/net/security.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// One option key, for documentation.
struct SecurityKey {
  std::string key;
  std::string type;           // "bool", "path", "text"
  std::string default_value;  // in the form in which it is read
  std::string help;
};

/// All keys, sorted.
const std::vector<SecurityKey>& security_keys();

/// Tells whether `key` is one of them, or looks as if it should be: such a key belongs here, and a
/// misspelled one is answered by `set_security`.
bool is_security_key(std::string_view key);

/// Sets the option named `key`. `invalid_argument` if there is no such key (names the nearest one)
/// or the value cannot be read.
Status set_security(Security& security, std::string_view key, std::string_view value);

}  // namespace weir::net
