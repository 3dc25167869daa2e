// How long operator state of a million elements holds its subtask up at a barrier: what is frozen
// in the subtask's turn, and the next change, which copies the piece that it meets.
//
// Beside it: a copy of plain containers with the same elements.
#include "bench/harness.hpp"

#include <weir/operator_state.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr double kMilli = 1e3;
constexpr double kLimit = 1;  // ms; a turn of a subtask

struct States : weir::StateOwner {
  weir::OperatorListState<std::uint64_t> numbers{*this, "numbers"};
  weir::OperatorListState<std::string> texts{*this, "texts"};
  weir::BroadcastState<std::uint64_t, std::string> map{*this, "map"};
};

std::string text_of(std::uint64_t i) {
  return "a text that has no room in its object " + std::to_string(i);
}

/// Milliseconds that it takes to freeze a state and to change it once.
template <class Change>
std::function<double()> pause(States& states, std::size_t state, Change change) {
  return [&states, state, change] {
    std::unique_ptr<weir::detail::FrozenElements> frozen;
    const double seconds = bench::seconds([&] {
      frozen = states.operator_states()[state]->freeze();
      change();
    });
    return seconds * kMilli;
  };
}

template <class Container>
std::function<double()> copy_of(const Container& container) {
  return [&container] {
    Container copy;
    const double seconds = bench::seconds([&] { copy = container; });
    bench::require(copy.size() == container.size(), "the copy is not complete");
    return seconds * kMilli;
  };
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Freezes operator state of a million elements.");
  const auto n = options.sized<std::uint64_t>(1'000'000, 20'000);
  States states;
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> texts;
  std::map<std::uint64_t, std::string> map;
  for (std::uint64_t i = 0; i < n; ++i) {
    states.numbers.add(i);
    states.texts.add(text_of(i));
    states.map.put(i, text_of(i));
    numbers.push_back(i);
    texts.push_back(text_of(i));
    map.emplace(i, text_of(i));
  }
  // Not in turn: what a copy of a map leaves to the allocator would be counted as a pause.
  const int repetitions = options.repetitions(21);
  const auto pauses =
      bench::interleave(repetitions, {pause(states, 0, [&] { states.numbers.add(0); }),
                                      pause(states, 1, [&] { states.texts.add(""); }),
                                      pause(states, 2, [&] { states.map.put(n / 2, ""); })});
  const auto copies =
      bench::interleave(repetitions, {copy_of(numbers), copy_of(texts), copy_of(map)});
  bench::print_limit("barrier, list of 1e6 numbers: pause", "ms", pauses[0], copies[0], kLimit);
  bench::print_limit("barrier, list of 1e6 texts: pause", "ms", pauses[1], copies[1], kLimit);
  bench::print_limit("barrier, map of 1e6 texts: pause", "ms", pauses[2], copies[2], kLimit);
}
