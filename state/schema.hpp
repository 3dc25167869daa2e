// Schemas: passing over values whose C++ type is not at hand, by the description of their layout
// (grammar: weir/codec.hpp).
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace weir::state {

/// A parsed schema.
class Schema {
public:
  /// Parses a schema; `invalid_argument` says at which character it stopped making sense.
  static Result<Schema> parse(std::string_view text);

  /// Moves `in` behind one value of this schema; `in` fails if the bytes are damaged.
  void skip(ByteReader& in) const;

  /// Returns what value number `i` of each element consists of: of a sequence or set the element,
  /// of a map key and value. `i` must be within.
  const Schema& part(std::size_t i) const { return parts_[i]; }

private:
  enum class Kind { fixed, text, sized, sequence, optional, parts, array, either };

  class Parser;

  Kind kind_ = Kind::fixed;
  std::size_t count_ = 0;      // fixed: bytes; array: elements
  std::vector<Schema> parts_;  // what it is made of
};

}  // namespace weir::state
