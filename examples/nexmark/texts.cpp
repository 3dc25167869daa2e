#include "texts.hpp"

#include <algorithm>
#include <cmath>

namespace nexmark {

namespace {

constexpr std::int32_t kLetters = 26;
constexpr std::int32_t kShortest = 3;       // words
constexpr std::int32_t kBlankOneIn = 13;    // letters
constexpr std::size_t kLettersPerDraw = 6;  // 26^6 is the last power that fits 31 bits

}  // namespace

std::string words(Random& random, std::int32_t size_max, char blank) {
  std::string text(static_cast<std::size_t>(kShortest + random.below(size_max - kShortest)), blank);
  for (char& c : text)
    if (random.below(kBlankOneIn) != 0) c = static_cast<char>('a' + random.below(kLetters));
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

std::string filling(Random& random, std::size_t size, std::size_t average) {
  if (size > average) return {};
  const std::size_t wanted = average - size;
  const auto spread = static_cast<std::size_t>(std::llround(static_cast<double>(wanted) * 0.2));
  const std::size_t drawn =
      spread == 0 ? 0
                  : static_cast<std::size_t>(random.below(static_cast<std::int32_t>(2 * spread)));
  std::string text(wanted - spread + drawn, '\0');
  for (std::size_t begin = 0; begin < text.size(); begin += kLettersPerDraw) {
    std::int32_t letters = random.any();
    const std::size_t end = std::min(begin + kLettersPerDraw, text.size());
    for (std::size_t i = begin; i < end; ++i) {
      // Half of all draws are negative, and so are their remainders: characters before 'a'.
      text[i] = static_cast<char>('a' + letters % kLetters);
      letters /= kLetters;
    }
  }
  return text;
}

}  // namespace nexmark
