// What a coordinator asks for, by kind.
#pragma once

#include "checkpoint/coordinator.hpp"

#include <variant>
#include <vector>

namespace weir::test {

/// Returns the actions of kind A, in their order.
template <class A>
std::vector<A> all(const checkpoint::Actions& actions) {
  std::vector<A> found;
  for (const checkpoint::Action& action : actions) {
    if (const A* match = std::get_if<A>(&action)) found.push_back(*match);
  }
  return found;
}

}  // namespace weir::test
