// What tests of two inputs share: records with a key and a number, of two types.
#pragma once

#include <weir/testing/harness.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

inline Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

struct Left {
  int key = 0;
  int number = 0;

  friend auto operator<=>(const Left&, const Left&) = default;
};

/// Has its key elsewhere, so that one taken for the other would show.
struct Right {
  std::string number = {};
  int key = 0;

  friend auto operator<=>(const Right&, const Right&) = default;
};

using Texts = std::vector<std::string>;

inline Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

/// A harness of what `build(lefts, rights)` makes of two streams that are keyed.
template <class Build>
auto keyed_harness(const Build& build, testing::HarnessOptions options = {}) {
  return testing::harness<Left, Right>(
      [&](const Stream<Left>& lefts, const Stream<Right>& rights) {
        return build(lefts.key_by(&Left::key), rights.key_by(&Right::key));
      },
      options);
}

inline std::string pair_of(const Left& left, const Right& right) {
  return std::to_string(left.number) + "+" + right.number;
}

}  // namespace weir::test
