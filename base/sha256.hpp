// SHA-256, for content that is named by its hash and must be what its name says whoever made it.
#pragma once

#include <string>
#include <string_view>

namespace weir::base {

/// Returns the hash of `bytes` as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// Whether `text` has the form of what `sha256` returns. What comes from elsewhere must be asked
/// before it becomes a part of a path.
bool is_sha256(std::string_view text);

}  // namespace weir::base
