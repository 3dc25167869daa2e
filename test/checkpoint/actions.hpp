// What a coordinator asks for, by kind.
#pragma once

#include "checkpoint/coordinator.hpp"

#include <cstddef>
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

/// Returns the first of them, or null.
template <class A>
const A* find(const checkpoint::Actions& actions) {
  for (const checkpoint::Action& action : actions) {
    if (const A* found = std::get_if<A>(&action)) return found;
  }
  return nullptr;
}

/// Returns how many there are.
template <class A>
std::size_t count(const checkpoint::Actions& actions) {
  std::size_t n = 0;
  for (const checkpoint::Action& action : actions) n += std::holds_alternative<A>(action) ? 1 : 0;
  return n;
}

}  // namespace weir::test
