// Random texts, as in Beam's generator.
#pragma once

#include <cstddef>
#include <string>

#include "random.hpp"

namespace nexmark {

/// Makes a text of 3 to `size_max` - 1 letters, one of 13 being `blank` instead. Blanks (" ") at
/// both ends are cut off.
std::string words(Random& random, std::int32_t size_max, char blank = ' ');

/// Makes the text that fills a record of `size` bytes up to about `average`.
std::string filling(Random& random, std::size_t size, std::size_t average);

}  // namespace nexmark
