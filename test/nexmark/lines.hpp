// What many lines of text are known by: the FNV-1a hash of 64 bits of all of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::test {

class LinesHash {
public:
  void add(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::uint64_t value() const { return value_; }

private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace weir::test
