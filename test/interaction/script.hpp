// Script: a readable test of the protocol. Blocks of commands, each followed by "----" and by all
// that happened, up to an empty line; "#" begins a comment.
//
//   job numbers/2 -> counts/2 -> out/1 interval=10s
//   start
//   ----
//   job: attempt 1 starts from the beginning
//
// Commands: see docs/internals/simulation.md.
#pragma once

#include <string>

namespace weir::test {

/// Plays `script` and returns it with what really happened under each "----". Throws
/// std::invalid_argument for a command that does not exist.
std::string play(const std::string& script);

}  // namespace weir::test
