// Against numbers of java.util.Random itself.
#include "examples/nexmark/random.hpp"

#include <catch2/catch.hpp>

#include <vector>

using nexmark::Random;

TEST_CASE("random numbers are those of Java", "[nexmark]") {
  CHECK(Random{0}.any() == -1155484576);
  Random any{42};
  CHECK(any.any() == -1170105035);
  CHECK(any.any() == 234785527);
  CHECK(any.any() == -1360544799);
  Random hundred{42};
  for (const int expected : {30, 63, 48, 84, 70}) CHECK(hundred.below(100) == expected);
  Random fraction{42};
  CHECK(fraction.fraction() == 0.7275636800328681);
  CHECK(fraction.fraction() == 0.6832234717598454);
}

TEST_CASE("a power of two takes the upper bits of a random number", "[nexmark]") {
  Random random{7};
  for (const int expected : {784582118, 685624582, 804414742})
    CHECK(random.below(1 << 30) == expected);
}

TEST_CASE("random numbers that would favour some results are drawn again", "[nexmark]") {
  // Of 2^31 numbers, nearly a half are beyond the last multiple of this bound.
  Random random{7};
  for (const int expected : {20678044, 747989380, 1053566254, 755731200, 259278708, 542588911})
    CHECK(random.below((1 << 30) + 1) == expected);
}
